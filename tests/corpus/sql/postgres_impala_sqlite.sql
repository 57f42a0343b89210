SELECT '{1,2,{3}}'::int[], ARRAY['{key!sql}'], doc #>> '{key,name}', doc @> '{"key": {"name": 1}}';
CREATE FUNCTION f() RETURNS text LANGUAGE plpython3u AS $$ return f"{key!r} {name!sql} {key}" $$;
DO $body$ BEGIN RAISE NOTICE '{key!sql} %', '{name}'; END $body$;
SELECT regexp_replace(name, '[0-9]{2}', '{key}'), 'a' ~ '^{key!sql}$', U&'\0061{key!sql}';
SELECT /* +noshuffle {key!sql} */ '${var:key}', '{key}' || '{{name}}' FROM t -- {name!sql} isn't code
WHERE name = '{{key!sql}}' OR {{key!sql}} OR {unknown!sql} OR {key !sql} OR {key! sql} OR {key!SQL};
CREATE TABLE [{key}] ("{name}" TEXT, `{key!sql}` INTEGER);
