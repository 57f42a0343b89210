from observe import record


def run(job_input):
    given = {"a": 1, "list": [1]}
    job_input.set_all_properties(given)
    given["b"] = "after the set"
    given["list"].append(2)
    record("copied_on_set", job_input.get_all_properties())
    live = job_input.get_all_properties()
    record("same_object", job_input.get_all_properties() is live)
    live["c"] = "not stored"
    live["list"].append(3)
    record("seen_in_the_cache", job_input.get_property("c"))
    job_input.set_all_properties({**live, "d": 4})
    record("stored", job_input.get_all_properties())
    live = job_input.get_all_properties()
    live["e"] = "lost"
    job_input.set_all_properties({"f": 6})
    record("cleared", job_input.get_all_properties())
