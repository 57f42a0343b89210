CREATE TABLE t AS SELECT
  '{both}' AS both_given,
  '{only_argument}' AS only_argument,
  '{only_property}' AS only_property,
  '{pa__op_id}' AS op,
  '{pa__execution_id}' AS execution
