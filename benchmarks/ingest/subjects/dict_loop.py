"""What it costs to make the objects alone: a loop that keeps them in a list."""

import time

from made import begin, mark, narrow_values

source = narrow_values()
begin()
kept = []
start = time.perf_counter()
for i, name, price, flag in source:
    kept.append({"id": i, "name": name, "price": price, "flag": flag})
mark("loop", time.perf_counter() - start)
