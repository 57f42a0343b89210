-- One row for each flight, with the names and circumstances that the raw table only refers to.
-- `time_hour` is the scheduled hour of departure in UTC, in both flights and weather.
create or replace table flight_facts as
with hourly_weather as (
  select origin, time_hour, min(visib) as visibility, max(precip) as precipitation
  from weather
  group by all
)
select
  make_timestamp(f.year, f.month, f.day, f.sched_dep_time // 100, f.sched_dep_time % 100, 0)
    as scheduled_departure,
  f.carrier,
  airlines.name as airline,
  f.flight,
  f.tailnum,
  planes.seats,
  f.origin,
  f.dest,
  airports.name as destination,
  f.distance,
  f.dep_time is null as cancelled,
  f.dep_delay,
  f.arr_delay,
  hourly_weather.visibility,
  hourly_weather.precipitation
from flights as f
left join airlines on airlines.carrier = f.carrier
left join airports on airports.faa = f.dest
left join planes on planes.tailnum = f.tailnum
left join hourly_weather on hourly_weather.origin = f.origin
  and hourly_weather.time_hour = f.time_hour;
