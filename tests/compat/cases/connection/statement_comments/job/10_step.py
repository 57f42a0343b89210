from observe import record


def run(job_input):
    connection = job_input.get_managed_connection()
    seen = []
    connection.set_trace_callback(seen.append)
    cursor = connection.cursor()
    cursor.execute("SELECT 'by the cursor'")
    cursor.fetchall()
    connection.set_trace_callback(None)
    record("sent", [text for text in seen if "by the cursor" in text])
