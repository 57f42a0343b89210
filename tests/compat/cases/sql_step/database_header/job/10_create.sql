[duckdb]
CREATE TABLE in_duckdb (id INTEGER, name VARCHAR)
