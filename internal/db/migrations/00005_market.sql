-- +goose Up
-- Prices by the minute (width 60). start is the minute's first moment in milliseconds; decimals are texts. A row
-- says that what happened in the minute is known: one with volume '0' had no trade, and its prices are the close
-- before. A minute without a row is one that nobody watched.
CREATE TABLE candle (
	instrument TEXT   NOT NULL,
	width      BIGINT NOT NULL CHECK (width > 0),
	start      BIGINT NOT NULL,
	open       TEXT   NOT NULL,
	high       TEXT   NOT NULL,
	low        TEXT   NOT NULL,
	close      TEXT   NOT NULL,
	volume     TEXT   NOT NULL,
	PRIMARY KEY (instrument, width, start)
);

-- The boards of imported pages, as printed. captured is when the page was saved, where that is known.
CREATE TABLE stated_board (
	board    TEXT   NOT NULL PRIMARY KEY,
	set_at   BIGINT NOT NULL,
	captured BIGINT NULL,
	note     TEXT   NOT NULL
);
CREATE TABLE stated_quote (
	board TEXT   NOT NULL,
	place BIGINT NOT NULL,
	key   TEXT   NOT NULL,
	name  TEXT   NOT NULL,
	price TEXT   NOT NULL,
	rate  TEXT   NOT NULL,
	PRIMARY KEY (board, place)
);
