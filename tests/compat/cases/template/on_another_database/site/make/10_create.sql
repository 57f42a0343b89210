CREATE TABLE made_by_template (x INTEGER)
