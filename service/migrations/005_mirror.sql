-- What the mirror has still to take, without a look at the archives.
CREATE INDEX source_version_to_mirror ON source_version (created_at) WHERE mirrored_as IS NULL;
