-- +goose Up
-- One row per edit, in the order of commit. due_at is a moment at which something that these tags stand on
-- changes by itself (a scheduled story appears, a pin ends). tags are separated by line feeds.
CREATE TABLE change_log (
	seq    BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
	at     BIGINT NOT NULL,
	due_at BIGINT NULL CHECK (due_at > at),
	tags   TEXT   NOT NULL
);
CREATE INDEX change_log_due ON change_log (due_at) WHERE due_at IS NOT NULL;
