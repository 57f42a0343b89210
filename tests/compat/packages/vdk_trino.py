"""Steps of SQL, trino-query and ingestion, the client's requests answered by a stub of the server."""

import contextlib
import re
import sqlite3
import threading

from web_service import serving

REQUIRES = ["vdk-trino"]
TYPES = {int: "bigint", float: "double", str: "varchar"}


class Trino:
    """Its protocol, over SQLite."""

    def __init__(self):
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        self.lock = threading.Lock()
        self.users = set()

    def execute(self, text):
        text = re.sub(r"(?m)^--.*\n", "", text)  # with the name of the job
        if found := re.fullmatch(
            r"EXECUTE IMMEDIATE '((?:[^']|'')*)'(?: USING (.*))?", text, re.DOTALL
        ):
            statement, values = found.groups()
            parameters = self.database.execute(f"select {values}").fetchone() if values else ()
            return self.database.execute(statement.replace("''", "'"), parameters)
        if found := re.fullmatch(r"SHOW COLUMNS FROM (\w+)", text):
            return self.database.execute(f"select name, type from pragma_table_info('{found[1]}')")
        return self.database.execute(text)

    def answer(self, request):
        if request.path != "/v1/statement":
            return None
        self.users.add(request.headers["X-Trino-User"])
        answer = {"id": "1", "infoUri": "http://nowhere/", "stats": {"state": "FINISHED"}}
        with self.lock:
            try:
                cursor = self.execute(request.body.decode())
            except sqlite3.Error as error:
                mistake = {"errorType": "USER_ERROR", "errorName": "SYNTAX_ERROR", "errorCode": 1}
                return {**answer, "error": {**mistake, "message": str(error), "failureInfo": {}}}
            rows = cursor.fetchall()
        if cursor.description is None:
            return {**answer, "updateType": "INSERT", "updateCount": cursor.rowcount}
        kinds = [TYPES.get(type(value), "varchar") for value in (rows or [[]])[0]]
        columns = [
            {"name": of[0], "type": kind, "typeSignature": {"rawType": kind, "arguments": []}}
            for of, kind in zip(cursor.description, kinds or ["varchar"] * 99, strict=False)
        ]
        return {**answer, "columns": columns, "data": rows}


def check(cell):
    trino = Trino()
    cell.step("create table kept (a bigint, b varchar)", "10_create.sql")
    cell.body(
        """
        for number in range(100):
            job_input.send_object_for_ingestion({"A": str(number), "b": "it's"}, "kept", method="trino")
        """,
        "20_send.py",
    )
    cell.body("print(job_input.execute_query('select count(*), sum(a) from kept'))", "30_look.py")
    with serving(trino.answer) as url, contextlib.closing(trino.database):
        host, port = url.removeprefix("http://").split(":")
        place = {
            "VDK_DB_DEFAULT_TYPE": "trino",
            "VDK_TRINO_HOST": host,
            "VDK_TRINO_PORT": port,
            "VDK_TRINO_USE_SSL": "false",
            "VDK_TRINO_USER": "ada",
        }
        assert cell.vdk(**place).succeeded().stdout == "[[100, 4950]]\n"
        assert trino.database.execute("select count(distinct a), min(b) from kept").fetchall() == [
            (100, "it's")
        ]
        assert trino.users == {"ada"}
        asked = cell.vdk("trino-query", "-q", "select max(a) as most from kept", **place)
        assert "99" in asked.succeeded().stdout
        cell.step("selekt nothing", "40_wrong.sql")
        ended = cell.vdk("run", "job", **place)
        assert ended.exit == 1 and "TrinoUserError" in ended.stderr, ended.stderr
