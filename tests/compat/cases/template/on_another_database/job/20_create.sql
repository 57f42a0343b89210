CREATE TABLE made_by_job (x INTEGER)
