"""Events of OpenLineage for a job of SQL."""

from web_service import serving

REQUIRES = ["vdk-lineage", "vdk-sqlite"]


def check(cell):
    events = []

    def answer(request):
        events.append(request.json)
        return {}

    cell.step("create table raw_orders as select 1 as a", "10_raw.sql")
    cell.step("create table orders as select a from raw_orders", "20_orders.sql")
    with serving(answer) as url:
        cell.vdk(
            VDK_OPENLINEAGE_URL=url,
            VDK_DB_DEFAULT_TYPE="sqlite",
            VDK_SQLITE_FILE="kept.db",
        ).succeeded()
    kinds = [event["eventType"] for event in events]
    assert kinds[0] == "START" and kinds[-1] == "COMPLETE" and "OTHER" in kinds
    pairs = {
        (tuple(data["name"] for data in event["inputs"]), data["name"])
        for event in events
        for data in event["outputs"]
    }
    assert any(
        inputs and inputs[0].endswith("raw_orders") and out.endswith("orders")
        for inputs, out in pairs
    ), pairs
