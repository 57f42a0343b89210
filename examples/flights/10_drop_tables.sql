-- Every run starts afresh, so that running twice gives the same tables. The five raw tables are
-- created by the ingestion of the next step, with the types that it finds in the data.
drop table if exists flights;
drop table if exists airlines;
drop table if exists airports;
drop table if exists planes;
drop table if exists weather;
