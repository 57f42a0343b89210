[duckdb]
[sqlite]
CREATE TABLE t (id INTEGER, name VARCHAR)
