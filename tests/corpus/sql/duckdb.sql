SELECT {key: value}, {'key': 1, 'other': {name: 'x'}}, {"key": key};
SELECT [{key: 1}, {key: 2}], MAP {'key': 1}, MAP {key: value};
SELECT list_transform([1, 2], lambda key : {name: key}), x -> {key: x};
SELECT '{"key": "value", "list": [1, {"name": null}]}'::JSON ->> '$.key';
SELECT struct_pack(key := {{name}}), regexp_matches(s, '^[a-z]{2,3}$'), 5 !, 5!=6;
SELECT $${key!sql}$$, $tag$ {key!sql} {name} $tag$, "{key!sql}", '{key!sql}', 'it''s {key!sql}';
SELECT E'\'{key!sql}' -- {key!sql}
/* {key!sql} /* nested {name!sql} */ {key!sql} */
FROM read_json('data/*.json', columns = {key: 'BIGINT', name: 'VARCHAR'});
