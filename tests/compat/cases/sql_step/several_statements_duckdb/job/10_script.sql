CREATE TABLE t (id INTEGER, name VARCHAR);
INSERT INTO t VALUES (1, 'semi;colon'); -- a; comment
INSERT INTO t VALUES (2, $$dollar; quoted$$);
