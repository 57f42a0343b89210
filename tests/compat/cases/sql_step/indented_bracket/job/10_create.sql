CREATE TABLE t (
  [quoted name] INTEGER,
  [other] TEXT)
