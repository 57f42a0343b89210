CREATE TABLE t (id INTEGER, name TEXT);
INSERT INTO t VALUES (1, 'semi;colon'); -- a; comment
INSERT INTO t VALUES (2, 'it''s -- no comment');
/* a block; of
   text */ INSERT INTO t VALUES (3, '/* nor; this */');
CREATE TABLE "odd;name" AS SELECT 1 AS x;
CREATE TRIGGER add_ten AFTER DELETE ON t
BEGIN
  INSERT INTO t SELECT CASE WHEN old.id = 4 THEN 10 ELSE 11 END, 'from the trigger';
  UPDATE t SET id = id WHERE id = 10;
END;
INSERT INTO t VALUES (4, 'gone');
DELETE FROM t WHERE id = 4;
;
-- the end
