-- The programs that share this database, each by the name of its executor. Whether one lives is said
-- by its lease, 'replica NODE'.
CREATE TABLE replica (
  node text PRIMARY KEY,
  machine text NOT NULL,
  directory text NOT NULL
);
