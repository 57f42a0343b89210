from observe import record


def run(job_input):
    for key in job_input.get_arguments():
        record(key, job_input._substitute_query_params("<{" + key + "}>"))
    job_input.set_all_properties({"p_none": None, "p_float": 1e22, "p_list": ["it's"], "p_dict": {1: (2,)}})
    for key in job_input.get_all_properties():
        record(key, job_input._substitute_query_params("<{" + key + "}>"))
