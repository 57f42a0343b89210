import warnings

import pandas
from observe import record


def run(job_input):
    warnings.simplefilter("ignore")
    job_input.execute_query("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL")
    frame = pandas.read_sql("SELECT * FROM t ORDER BY a", job_input.get_managed_connection())
    record("columns", list(frame.columns))
    record("a", [int(value) for value in frame["a"]])
    record("b", [None if value != value else value for value in frame["b"].tolist()])
