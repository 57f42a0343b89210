CREATE TABLE in_default (id INTEGER)
