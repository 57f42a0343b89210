from observe import record


async def run(job_input):
    record("ran", "bad")
    raise ValueError("out of the coroutine")
