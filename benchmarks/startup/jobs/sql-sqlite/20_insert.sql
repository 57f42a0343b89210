insert into numbers
with recursive ids(id) as (select 1 union all select id + 1 from ids where id < 1000)
select id, id * id from ids
