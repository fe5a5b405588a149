-- +goose Up
CREATE TABLE story (
	id            BIGINT NOT NULL PRIMARY KEY,
	number        TEXT   NOT NULL UNIQUE,
	source        TEXT   NULL UNIQUE,
	language      TEXT   NOT NULL,
	twin_of       BIGINT NULL REFERENCES story (id),
	section       BIGINT NULL,
	series        BIGINT NULL,
	series_pos    BIGINT NULL,
	first_visible BIGINT NOT NULL,
	withdrawn_at  BIGINT NULL
);
CREATE INDEX story_newest ON story (language, first_visible, id);

CREATE TABLE version (
	story        BIGINT NOT NULL REFERENCES story (id),
	n            BIGINT NOT NULL CHECK (n > 0),
	visible_at   BIGINT NOT NULL,
	made_at      BIGINT NOT NULL,
	made_by      BIGINT NOT NULL,
	kind         TEXT   NOT NULL,
	note         TEXT   NOT NULL,
	content      TEXT   NULL,
	content_hash BYTEA  NOT NULL,
	hash         BYTEA  NOT NULL,
	void         BIGINT NULL CHECK (void < visible_at),
	PRIMARY KEY (story, n)
);
