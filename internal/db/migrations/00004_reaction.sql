-- +goose Up
-- One row per reader and story. reader is HMAC-SHA256(key, the browser's token, story) cut to 16 bytes, so the
-- rows of one reader cannot be joined across stories.
CREATE TABLE reaction (
	story  BIGINT NOT NULL,
	reader BYTEA  NOT NULL CHECK (length(reader) = 16),
	kind   TEXT   NOT NULL CHECK (kind IN ('like', 'angry', 'sad', 'more')),
	at     BIGINT NOT NULL,
	PRIMARY KEY (story, reader)
);

-- How many rows of reaction each story has of each kind, kept in the transaction that changes them.
CREATE TABLE reaction_sum (
	story BIGINT NOT NULL,
	kind  TEXT   NOT NULL CHECK (kind IN ('like', 'angry', 'sad', 'more')),
	n     BIGINT NOT NULL CHECK (n >= 0),
	PRIMARY KEY (story, kind)
);
