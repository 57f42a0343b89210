from observe import record

TEXTS = {
    "indented": "\n\n    SELECT 1\n      FROM t\n\n",
    "one line": "  SELECT 1  ",
    "blank lines": "    a\n  \n\n    b",
    "tabs": "\ta\n\t b",
    "mixed": "\ta\n    b",
    "carriage returns": "  a\r\n  b\r\n",
    "nothing": "",
    "newlines": "\n\n",
    "blanks inside": "\n   \n  x\n   \n",
}


def run(job_input):
    for name, text in TEXTS.items():
        record(name, job_input._substitute_query_params(text))
