from observe import record

record("imported", __name__)
