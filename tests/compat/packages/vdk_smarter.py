"""Each statement reviewed, by a stub of the service, and the report of the reviews."""

from web_service import serving

REQUIRES = ["vdk-smarter", "openai<1"]


def check(cell):
    asked = []

    def answer(request):
        asked.append((request.headers["Authorization"], request.json["prompt"]))
        return {"choices": [{"text": " A good one. "}]}

    cell.step("create table kept as select 1 as a", "10_make.sql")
    with serving(answer) as url:
        cell.vdk(
            OPENAI_API_BASE=url,
            VDK_OPENAI_API_KEY="the key",
            VDK_OPENAI_REVIEW_ENABLED="true",
            VDK_DB_DEFAULT_TYPE="sqlite",
            VDK_SQLITE_FILE="kept.db",
        ).succeeded()
    assert {key for key, _ in asked} == {"Bearer the key"}
    assert any("create table kept as select 1 as a" in prompt for _, prompt in asked)
    report = (cell.folder / "queries_reviews_report.md").read_text()
    assert "create table kept as select 1 as a" in report and "A good one." in report
    assert cell.rows("kept.db", "select a from kept") == [(1,)]
