from observe import attempt, record
from vdk.internal.core.errors import VdkConfigurationError


def run(job_input):
    attempt("query", job_input.execute_query, "SELECT 1", "nowhere")
    attempt("connection", job_input.get_managed_connection, "nowhere")
    try:
        job_input.execute_query("SELECT 1", database="nowhere")
    except VdkConfigurationError as error:
        record("names_the_known", "sqlite" in str(error))
