-- a comment first
INSERT INTO t VALUES (1, 'one'), (2, 'it''s; two');
-- and one at the end
