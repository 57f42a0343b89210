create table numbers (id integer not null, square integer not null)
