-- {planet} and {min_radius_km} come from --arguments.
drop table if exists large_moons;

create table large_moons as
select name, radius_km, distance_thousand_km
from moons
where planet = '{planet}' and radius_km >= {min_radius_km};
