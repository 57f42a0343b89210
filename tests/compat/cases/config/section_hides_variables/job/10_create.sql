[db]
CREATE TABLE in_db (x INTEGER)
