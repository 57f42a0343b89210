-- Delays of departure in minutes, seen from three sides. Late means more than 15 minutes.
create or replace table airline_delays as
select
  airline,
  count(*) as flights,
  avg(dep_delay) as average_delay,
  count(*) filter (where dep_delay > 15) / count(dep_delay) as share_late
from flight_facts
group by all;

create or replace table month_delays as
select
  month(scheduled_departure) as month,
  monthname(scheduled_departure)[:3] as name,
  count(*) as flights,
  avg(dep_delay) as average_delay,
  count(*) filter (where cancelled) / count(*) as share_cancelled
from flight_facts
group by all;

create or replace table visibility_delays as
select
  case
    when visibility < 1 then 1
    when visibility < 3 then 2
    when visibility < 6 then 3
    when visibility < 10 then 4
    else 5
  end as band,
  ['below 1 mile', '1 to 3 miles', '3 to 6 miles', '6 to 10 miles', '10 miles'][band] as name,
  count(*) as flights,
  avg(dep_delay) as average_delay,
  count(*) filter (where cancelled) / count(*) as share_cancelled
from flight_facts
where visibility is not null
group by all;
