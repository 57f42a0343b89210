"""The ingest method `http` posts to a service."""

from web_service import serving

REQUIRES = ["vdk-ingest-http", "requests"]  # which it imports without requiring it


def check(cell):
    received = []

    def answer(request):
        received.extend(request.json)
        return {}

    with serving(answer) as url:
        cell.body(
            f"""
            for number in range(5):
                job_input.send_object_for_ingestion({{"a": number}}, "t", method="http", target="{url}/")
            """
        )
        cell.vdk().succeeded()
    assert sorted(row["a"] for row in received) == list(range(5))
    assert {row["@table"] for row in received} == {"t"}
