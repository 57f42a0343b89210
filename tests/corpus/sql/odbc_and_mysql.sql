SELECT {d '2026-01-31'}, {t '23:59:59'}, {ts '2026-01-31 23:59:59'}, {fn UCASE(name)};
SELECT {key value}, {key !value}, {key -1}, {d'2026-01-31'};
SELECT * FROM {oj a LEFT OUTER JOIN b ON a.key = b.key} WHERE name LIKE '\%' {escape '\'};
{call procedure_name(?, ?)}; {? = call function_name(?)};
SELECT `{key!sql}`, "{key!sql}", {guid '6F9619FF-8B86-D011-B42D-00C04FC964FF'};
