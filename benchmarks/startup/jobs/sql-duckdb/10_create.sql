create table numbers (id bigint not null, square bigint not null)
