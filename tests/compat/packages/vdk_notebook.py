"""A notebook whose cells with the tag `vdk` are the job's steps."""

import json

REQUIRES = ["vdk-notebook", "vdk-sqlite"]


def code(source, *tags):
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": str(abs(hash(source)))[:8],
        "metadata": {"tags": list(tags)},
        "outputs": [],
        "source": [source],
    }


def check(cell):
    notebook = {
        "cells": [
            code("kept = 20", "vdk"),
            code("raise RuntimeError('not a step')"),
            code("job_input.execute_query('create table t (a integer)')", "vdk"),
            code("job_input.execute_query(f'insert into t values ({kept + 1})')", "vdk"),
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    cell.file("job/10_cells.ipynb", json.dumps(notebook))
    cell.vdk(VDK_DB_DEFAULT_TYPE="sqlite", VDK_SQLITE_FILE="kept.db").succeeded()
    assert cell.rows("kept.db", "select a from t") == [(21,)]
