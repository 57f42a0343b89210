def run(job_input):
    job_input.get_arguments()["table"] = "grown"
