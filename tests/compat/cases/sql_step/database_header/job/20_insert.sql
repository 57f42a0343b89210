INSERT INTO in_duckdb
[{where}]
VALUES (1, 'one')
