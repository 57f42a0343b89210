"""Prints what the tables say, with bars as wide as the terminal allows."""

import os
import shutil
import sys

LABEL_WIDTH = 36
EIGHTHS = " ▏▎▍▌▋▊▉"


class Screen:
    """What the standard output can show: its width, colours, characters beyond ASCII."""

    def __init__(self, stream):
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        self.unicode = encoding.replace("-", "").replace("_", "") == "utf8"
        self.colour = (
            stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )
        self.width = min(shutil.get_terminal_size((80, 24)).columns, 120)

    def heading(self, text):
        print()
        print(f"\033[1m{text}\033[0m" if self.colour else text)

    def bar(self, fraction, width):
        if self.unicode:
            full, rest = divmod(round(max(fraction, 0) * width * 8), 8)
            drawn = "█" * full + EIGHTHS[rest].strip()
        else:
            drawn = "#" * round(max(fraction, 0) * width)
        return f"\033[36m{drawn}\033[0m" if self.colour else drawn

    def chart(self, rows):
        """Prints rows of (label, text of the value, value) with a bar each."""
        value_width = max(len(text) for _, text, _ in rows)
        longest = max(value for _, _, value in rows)
        bar_width = max(self.width - LABEL_WIDTH - value_width - 4, 8)
        for label, text, value in rows:
            bar = self.bar(value / longest, bar_width)
            print(f"  {label[:LABEL_WIDTH]:<{LABEL_WIDTH}} {text:>{value_width}} {bar}")


def run(job_input):
    screen = Screen(sys.stdout)
    query = job_input.execute_query

    [(flights, airlines, destinations, cancelled)] = query(
        """
        select count(*), count(distinct airline), count(distinct dest),
          count(*) filter (where cancelled)
        from flight_facts
        """
    )
    screen.heading("Flights from New York, 2013")
    print(f"  {flights:,} flights of {airlines} airlines to {destinations} airports")
    print(f"  {cancelled:,} were cancelled ({cancelled / flights:.1%})")

    screen.heading("Average delay of departure by airline, minutes")
    screen.chart(
        [
            (f"{airline} ({flights:,})", f"{delay:.1f}", delay)
            for airline, flights, delay in query(
                "select airline, flights, average_delay from airline_delays"
                " order by average_delay desc"
            )
        ]
    )

    screen.heading("Average delay of departure by month, minutes")
    screen.chart(
        [
            (f"{name} ({cancelled:.1%} cancelled)", f"{delay:.1f}", delay)
            for name, cancelled, delay in query(
                "select name, share_cancelled, average_delay from month_delays order by month"
            )
        ]
    )

    screen.heading("Average delay of departure by visibility, minutes")
    screen.chart(
        [
            (f"{name} ({cancelled:.1%} cancelled)", f"{delay:.1f}", delay)
            for name, cancelled, delay in query(
                "select name, share_cancelled, average_delay from visibility_delays order by band"
            )
        ]
    )

    screen.heading("Busiest routes, flights")
    screen.chart(
        [
            (f"{origin} - {destination}", f"{flights:,}", flights)
            for origin, destination, flights in query(
                """
                select origin, coalesce(destination, dest), flights
                from routes
                order by flights desc, origin, dest
                limit 10
                """
            )
        ]
    )
