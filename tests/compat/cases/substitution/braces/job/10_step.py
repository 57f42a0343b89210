from observe import record

TEXTS = [
    "{key}", "{{key}}", "{{{key}}}", "{ key }", "{key }", "{Key}", "{KEY}", "{k}", "{K}", "{unknown}", "{a b}",
    "{}", "{{}}", "{k.e-y}", "{1}", "{0}", "{key", "key}", "{{key}", "{key:>10}", "{key!r}", "${key}", "$${key}$$",
    "'{\"key\": \"{key}\"}'", "{'a': 1, 'b': {key}}", "{d '2020-01-01'}", "{key}{key}", "{ke{key}y}",
    "{name: 'duck', key: 1}", "%(key)s :key ?1 %s",
]


def run(job_input):
    for text in TEXTS:
        record(text, job_input._substitute_query_params(text))
