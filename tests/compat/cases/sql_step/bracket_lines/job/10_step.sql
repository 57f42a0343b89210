CREATE TABLE t AS SELECT unnest(
[1, 2, 3]
) AS x
