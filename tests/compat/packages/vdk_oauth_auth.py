"""A token for the team's client, from a stub of the authorization server."""

import base64
import urllib.parse

from web_service import serving

# What it imports without requiring it.
REQUIRES = ["vdk-oauth-auth", "requests", "vdk-control-api-auth", "vdk-control-service-api"]


def check(cell):
    asked = []

    def answer(request):
        asked.append(
            (request.headers["Authorization"], urllib.parse.parse_qs(request.body.decode()))
        )
        return {"access_token": "the token"}

    cell.body("import os\nprint(os.environ['TEAM_ACCESS_TOKEN'])")
    with serving(answer) as url:
        cell.file(
            "job/config.ini",
            f"""
            [vdk]
            team_client_id = me
            team_client_secret = my secret
            team_oauth_authorize_url = {url}/token
            """,
        )
        assert cell.vdk().succeeded().stdout == "the token\n"
        assert cell.vdk(VDK_DISABLE_OAUTH_LOGIN="true").exit != 0
    credentials = base64.b64encode(b"me:my secret").decode()
    assert asked == [(f"Basic {credentials}", {"grant_type": ["client_credentials"]})]
