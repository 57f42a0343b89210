def run(job_input):
    source = job_input.get_managed_connection("source")
    source.execute_query("CREATE TABLE s AS SELECT 1 AS id, 'one' AS name UNION ALL SELECT 2, NULL")
    cursor = source.cursor()
    cursor.execute("SELECT * FROM s ORDER BY id")
    job_input.send_tabular_data_for_ingestion(
        cursor, column_names=[column[0] for column in cursor.description], destination_table="t")
