"""The library, from a step: credentials without which it says what is missing."""

REQUIRES = ["vdk-control-api-auth"]


def check(cell):
    cell.body(
        """
        from vdk.plugin.control_api_auth.auth_exception import VDKAuthException
        from vdk.plugin.control_api_auth.authentication import Authentication
        try:
            Authentication(auth_type="api-token").authenticate()
        except VDKAuthException as error:
            print("refused")
        """
    )
    assert cell.vdk().succeeded().stdout == "refused\n"
