def run(job_input):
    job_input.set_all_properties({"a": True})
