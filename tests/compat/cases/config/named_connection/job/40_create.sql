[vdk]
CREATE TABLE in_vdk (x INTEGER)
