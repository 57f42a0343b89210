CREATE TABLE t AS SELECT '{a} {b}' AS text
