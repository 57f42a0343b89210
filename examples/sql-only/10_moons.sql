-- Mean radius in km and distance from the planet in thousands of km, rounded.
drop table if exists moons;

create table moons (
  planet text not null,
  name text not null primary key,
  radius_km real not null,
  distance_thousand_km real not null
);

insert into moons (planet, name, radius_km, distance_thousand_km) values
  ('Earth', 'Moon', 1737.4, 384.4),
  ('Mars', 'Phobos', 11.1, 9.4),
  ('Mars', 'Deimos', 6.2, 23.5),
  ('Jupiter', 'Io', 1821.6, 421.7),
  ('Jupiter', 'Europa', 1560.8, 671.1),
  ('Jupiter', 'Ganymede', 2634.1, 1070.4),
  ('Jupiter', 'Callisto', 2410.3, 1882.7),
  ('Jupiter', 'Amalthea', 83.5, 181.4),
  ('Saturn', 'Mimas', 198.2, 185.5),
  ('Saturn', 'Enceladus', 252.1, 238.0),
  ('Saturn', 'Tethys', 531.1, 294.7),
  ('Saturn', 'Dione', 561.4, 377.4),
  ('Saturn', 'Rhea', 763.8, 527.1),
  ('Saturn', 'Titan', 2574.7, 1221.9),
  ('Saturn', 'Iapetus', 734.5, 3560.8),
  ('Uranus', 'Miranda', 235.8, 129.9),
  ('Uranus', 'Ariel', 578.9, 190.9),
  ('Uranus', 'Umbriel', 584.7, 266.0),
  ('Uranus', 'Titania', 788.9, 436.3),
  ('Uranus', 'Oberon', 761.4, 583.5),
  ('Neptune', 'Triton', 1353.4, 354.8);
