SELECT q'{key!sql}', nq'{name!sql}', q'[{key!sql}]' FROM dual;
SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A{2} B{1,3} C{,4} {- D -} (A | B){key}) DEFINE A AS x > 0);
SELECT {'key': 'value', 'name': name}, {*}, {* ILIKE 'a%'}, {* EXCLUDE key}, t.v:key::STRING;
SELECT filter(list, x -> x > {key}), JSON {'key' : 1}, JSON_QUERY(doc, '$?(@.a == "{key!sql}")');
SELECT CONTAINS(doc, '{key!sql} AND {name}'), CAST(ROW(1) AS ROW(key INTEGER));
