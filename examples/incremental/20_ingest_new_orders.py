import csv


def new_orders(path, last_id):
    """Yields the orders of the file that came after `last_id`."""
    with open(path, encoding="utf-8", newline="") as source:
        rows = csv.reader(source)
        next(rows)  # the header
        for order_id, ordered_at, customer, amount in rows:
            if int(order_id) > last_id:
                yield int(order_id), ordered_at, customer, float(amount)


def run(job_input):
    source = job_input.get_arguments().get("source")
    if source is None:
        source = job_input.get_job_directory() / "orders.csv"
    last_id = job_input.get_property("last_order_id", 0)

    # Rows beyond the watermark are what a run left that loaded and was then interrupted.
    job_input.execute_query(f"delete from orders where id > {int(last_id)}")
    job_input.send_tabular_data_for_ingestion(
        new_orders(source, last_id),
        column_names=["id", "ordered_at", "customer", "amount"],
        destination_table="orders",
    )
