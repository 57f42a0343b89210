from observe import record


def run(job_input):
    job_input.set_all_properties({"early": "{first}", "late": "{early}"})
    record("first", job_input._substitute_query_params("{first}"))
    record("second", job_input._substitute_query_params("{second}"))
    record("early", job_input._substitute_query_params("{early}"))
    record("late", job_input._substitute_query_params("{late}"))
