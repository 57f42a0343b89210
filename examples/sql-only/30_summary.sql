drop table if exists summary;

create table summary as
select
  '{planet}' as planet,
  count(*) as moons,
  round(avg(radius_km), 1) as average_radius_km,
  (select name from large_moons order by radius_km desc limit 1) as largest,
  (select name from large_moons order by distance_thousand_km desc limit 1) as farthest
from large_moons;
