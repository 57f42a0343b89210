[sqlite]
INSERT INTO t VALUES (1, 'everywhere')
[duckdb]
