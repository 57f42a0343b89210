[second]
CREATE TABLE in_second (x INTEGER)
