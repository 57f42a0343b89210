[db]
EXPLAIN QUERY PLAN select [a;b], `c;`, "d;" /* e; */;
BEGIN; END;