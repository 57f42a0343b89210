CREATE TABLE ran_a AS SELECT name AS seen FROM sqlite_master WHERE name = 'ran_b';
