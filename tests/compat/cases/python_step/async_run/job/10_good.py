import asyncio

from observe import record


async def run(job_input):
    await asyncio.sleep(0)
    record("ran", "good")
