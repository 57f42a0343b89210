[third]
CREATE TABLE in_third (x INTEGER)
