-- Times are microseconds of UTC, truth values 0 and 1, lists and objects JSON text.

CREATE TABLE job (
  name text PRIMARY KEY,
  team text NOT NULL,
  description text,
  schedule text,
  contacts text NOT NULL,
  db_default_type text,
  generate_keytab bigint NOT NULL,
  has_keytab bigint NOT NULL,
  enable_execution_notifications bigint,
  notification_delay_minutes bigint,
  -- The version of its sources that a download gives; null where there are none.
  source_version text,
  last_execution_id text,
  last_execution_status bigint,
  last_execution_end_time bigint,
  last_execution_duration bigint,
  created_at bigint NOT NULL,
  revision bigint NOT NULL
);
CREATE INDEX job_team ON job (team, name);

-- Sources by their content; one that was deployed once can be deployed again.
CREATE TABLE source_version (
  job_name text NOT NULL REFERENCES job (name) ON DELETE CASCADE,
  version text NOT NULL,
  archive {blob} NOT NULL,
  reason text,
  author text,
  created_at bigint NOT NULL,
  mirrored_as text,
  PRIMARY KEY (job_name, version)
);

-- What was asked for, and what was made of it: `generation` grows with each request, and
-- `observed_generation` is the one that the rest of the row tells about.
CREATE TABLE deployment (
  job_name text PRIMARY KEY REFERENCES job (name) ON DELETE CASCADE,
  generation bigint NOT NULL,
  desired_version text,
  desired_python_version text,
  desired_vdk_version text,
  desired_schedule text,
  desired_resources text,
  enabled bigint NOT NULL,
  requested_by text,
  requested_at bigint NOT NULL,
  send_notification bigint NOT NULL,
  observed_generation bigint NOT NULL,
  state text NOT NULL,
  state_message text,
  state_log text,
  version text,
  python_version text,
  vdk_version text,
  schedule text,
  resources text,
  environment text,
  content_hash text,
  deployed_by text,
  deployed_at bigint
);
CREATE INDEX deployment_open ON deployment (state);

-- What the scheduler reads. A row outlives its job as long as the scheduler may not know of its end.
CREATE TABLE schedule (
  deployment text PRIMARY KEY,
  expression text NOT NULL,
  time_zone text NOT NULL,
  since bigint NOT NULL,
  last_fire bigint,
  overlap text NOT NULL,
  starting_deadline bigint,
  catch_up bigint NOT NULL,
  is_active bigint NOT NULL,
  revision bigint NOT NULL
);
CREATE INDEX schedule_revision ON schedule (revision);

-- One row for each scheduled time, whatever became of it: the promise of one execution per fire.
CREATE TABLE fire (
  deployment text NOT NULL,
  fire_time bigint NOT NULL,
  execution_id text,
  PRIMARY KEY (deployment, fire_time)
);

CREATE TABLE execution (
  id text PRIMARY KEY,
  job_name text NOT NULL REFERENCES job (name) ON DELETE CASCADE,
  type bigint NOT NULL,
  status bigint NOT NULL,
  message text,
  op_id text NOT NULL,
  started_by text,
  arguments text,
  fire_time bigint,
  created_at bigint NOT NULL,
  start_time bigint,
  end_time bigint,
  job_version text,
  python_version text,
  vdk_version text,
  schedule text,
  resources text,
  deployed_by text,
  deployed_at bigint,
  environment text,
  -- The replica that starts and watches it; null while nobody does.
  node text,
  attempt bigint NOT NULL,
  cancel_requested bigint NOT NULL,
  cause text
);
CREATE INDEX execution_start ON execution (job_name, start_time DESC);
CREATE INDEX execution_end ON execution (job_name, end_time DESC);
CREATE INDEX execution_status ON execution (status, node);

CREATE TABLE property_set (
  team text NOT NULL,
  job_name text NOT NULL,
  content text NOT NULL,
  revision bigint NOT NULL,
  PRIMARY KEY (team, job_name)
);

CREATE TABLE secret_set (
  team text NOT NULL,
  job_name text NOT NULL,
  content {blob} NOT NULL,
  revision bigint NOT NULL,
  PRIMARY KEY (team, job_name)
);

CREATE TABLE team_credentials (
  team text PRIMARY KEY,
  client_id text NOT NULL,
  secret {blob} NOT NULL
);
CREATE INDEX team_credentials_client ON team_credentials (client_id);

CREATE TABLE lease (
  name text PRIMARY KEY,
  holder text NOT NULL,
  token bigint NOT NULL,
  valid_until bigint NOT NULL
);

-- Counters that grow in the order of commits, because whoever counts holds the row till then.
CREATE TABLE counter (
  name text PRIMARY KEY,
  value bigint NOT NULL
);
INSERT INTO counter (name, value) VALUES ('schedule', 0);

CREATE TABLE setting (
  name text PRIMARY KEY,
  value text NOT NULL
);
