from observe import record


def run(job_input):
    job_input.set_all_properties(
        {"both": "property", "only_property": "p", "pa__op_id": "property"})
