-- +goose Up
CREATE TABLE front (
	front   TEXT   NOT NULL,
	n       BIGINT NOT NULL CHECK (n > 0),
	at      BIGINT NOT NULL,
	made_by BIGINT NOT NULL,
	slots   TEXT   NOT NULL,
	PRIMARY KEY (front, n)
);
