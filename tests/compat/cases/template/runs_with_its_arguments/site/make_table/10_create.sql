CREATE TABLE {table} AS SELECT '{table}' AS name, '{pa__op_id}' AS op, '{mine}' AS mine
