-- Tells a wrong key for secrets before it is used.
CREATE TABLE key_check (
  id bigint PRIMARY KEY,
  sealed {blob} NOT NULL
);

-- It is asked of the fires, which know it better.
ALTER TABLE schedule DROP COLUMN last_fire;
