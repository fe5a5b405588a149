package db

import (
	"database/sql"

	"github.com/jackc/pgx/v5"
)

var CheckVersion = checkVersion

// PoolWithPragma opens one more pool on d's file, with one more pragma to set and to read back.
func PoolWithPragma(d *DB, name, value, reads string) (*sql.DB, error) {
	return d.sqlitePool(append(pragmas(busyTimeout, false, true), pragma{name, value, reads}), 1)
}

// PoolWithSetting opens one more pool on a PostgreSQL database, with one setting given another value.
func PoolWithSetting(d *DB, url, name, value string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	s := settings(false)
	s[name] = value
	return d.postgresPool(config, s, 1), nil
}

// Waiting is how many writes wait for their turn.
func Waiting(d *DB) int {
	d.gate.mu.Lock()
	defer d.gate.mu.Unlock()
	return len(d.gate.people) + len(d.gate.bulk)
}
