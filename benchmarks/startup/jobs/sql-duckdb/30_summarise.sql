create table summary as select count(*) as numbers, sum(square) as squares from numbers
