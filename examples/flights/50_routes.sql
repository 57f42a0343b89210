-- How busy each route is, how many airlines share it, and which of them flies it most.
create or replace table routes as
with airline_routes as (
  select origin, dest, destination, airline, count(*) as flights, sum(dep_delay) as delay,
    count(dep_delay) as departed
  from flight_facts
  group by all
)
select
  origin,
  dest,
  destination,
  sum(flights)::bigint as flights,
  count(*) as airlines,
  arg_max(airline, flights) as busiest_airline,
  sum(delay) / sum(departed) as average_delay
from airline_routes
group by origin, dest, destination;
