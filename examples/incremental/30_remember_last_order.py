def run(job_input):
    # The new watermark is what the table holds, not what was sent. Should the load of the step
    # before fail, this step does not run, the property keeps its value, and the next run sends the
    # same rows again.
    properties = job_input.get_all_properties()
    before = properties.get("last_order_id", 0)
    [(new, total, last_id)] = job_input.execute_query(
        f"select count(case when id > {int(before)} then 1 end), count(*), coalesce(max(id), 0)"
        " from orders"
    )
    print(f"{new} new orders, {total} in all; last order id: {before} before, {last_id} now")

    properties["last_order_id"] = last_id
    job_input.set_all_properties(properties)
