from observe import record

record("name", __name__)
