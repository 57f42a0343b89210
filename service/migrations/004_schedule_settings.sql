-- What a deployed version's config.ini says beside the expression, as JSON; null: nothing.
ALTER TABLE deployment ADD COLUMN schedule_settings text;
