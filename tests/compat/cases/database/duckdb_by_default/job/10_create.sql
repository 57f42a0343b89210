CREATE TABLE t AS SELECT 1::BIGINT AS id, 'x' AS name, DATE '2024-02-29' AS day, 1.5::DOUBLE AS d, TRUE AS b, [1, 2] AS list, {'a': 1} AS struct
