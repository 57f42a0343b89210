from observe import record

record("ran", "top level")
raise RuntimeError("while loading")
