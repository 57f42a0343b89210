create table if not exists orders (
  id integer not null primary key,
  ordered_at text not null,
  customer text not null,
  amount real not null
)
