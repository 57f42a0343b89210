import json


def run(job_input):
    json.loads("{no json")
