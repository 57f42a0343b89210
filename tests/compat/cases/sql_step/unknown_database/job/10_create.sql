[nowhere]
CREATE TABLE t (id INTEGER)
