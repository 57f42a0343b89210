from observe import attempt


def run(job_input):
    send = job_input.send_object_for_ingestion
    attempt("returns", send, payload={"i": 1, "f": 1.5, "s": "ž 🐎", "b": True, "n": None, "blob": b"\x00\xff", "two words": 1},
            destination_table="t", method="sqlite")
    send({"i": None, "f": float("nan"), "s": "", "b": False, "n": None, "blob": b"", "two words": -1}, "t")
    send({"i": 9223372036854775807, "f": 1e300, "s": "it's", "b": None, "n": None, "blob": None, "two words": None}, "t")
