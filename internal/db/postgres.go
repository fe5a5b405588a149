package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"sokbo/internal/fault"
)

const (
	connectTimeout   = 5 * time.Second
	idleTime         = 5 * time.Minute // after which a pool closes a connection that nobody needed
	oldestPostgreSQL = 150000          // as server_version_num
	migrateReaders   = 2               // the locker's connection and one more
)

// settings are given with every connection and read back before it is used: a pooler between may drop them.
func settings(readOnly bool) map[string]string {
	s := map[string]string{
		"statement_timeout":                   "5s",
		"lock_timeout":                        "2s",
		"idle_in_transaction_session_timeout": "10s",
		"default_transaction_isolation":       "read committed",
		"default_transaction_read_only":       "off",
		"synchronous_commit":                  "on",
		"TimeZone":                            "UTC",
		"client_encoding":                     "UTF8",
	}
	if readOnly {
		s["default_transaction_read_only"] = "on"
	}
	return s
}

// migrating lifts the timeouts: a migration of a large table takes its time.
func migrating() map[string]string {
	s := settings(false)
	s["statement_timeout"] = "0"
	s["lock_timeout"] = "0"
	s["idle_in_transaction_session_timeout"] = "0"
	return s
}

func (d *DB) postgresPool(config *pgx.ConnConfig, settings map[string]string, size int) *sql.DB {
	c := config.Copy()
	for name, value := range settings {
		c.RuntimeParams[name] = value
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	pool := sql.OpenDB(connector{stdlib.GetConnector(*c), d, func(ctx context.Context, conn driver.Conn) error {
		return checkSettings(ctx, conn, settings)
	}})
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxIdleTime(idleTime)
	return pool
}

func checkSettings(ctx context.Context, c driver.Conn, settings map[string]string) error {
	var names, calls []string
	for name := range settings {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		calls = append(calls, "current_setting('"+name+"')")
	}
	got, err := firstValue(ctx, c, "SELECT concat_ws('|', "+strings.Join(calls, ", ")+", pg_is_in_recovery())")
	if err != nil {
		return fmt.Errorf("db: reading the settings of PostgreSQL: %w", err)
	}
	values := strings.Split(got, "|")
	if values[len(values)-1] != "f" {
		return fault.New(fault.Unavailable, "database-away", "this PostgreSQL is a standby that cannot be written: name the primary in SOKBO_DATABASE")
	}
	for i, name := range names {
		if values[i] != settings[name] {
			return fault.New(fault.Unavailable, "database-settings",
				"PostgreSQL has %s = %s where Sokbo asked for %s: connect to it directly, or through a pooler that passes settings on", name, values[i], settings[name])
		}
	}
	return nil
}

func (d *DB) openPostgreSQL(ctx context.Context, o Options) error {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "database-url", "SOKBO_DATABASE is no address of PostgreSQL: it looks like postgres://user:password@host/name")
	}
	migrations := d.postgresPool(config, migrating(), migrateReaders)
	defer migrations.Close()
	if err := d.checkOrder(ctx, migrations); err != nil {
		return err
	}
	if err := d.migrate(ctx, goose.DialectPostgres, migrations); err != nil {
		return err
	}
	d.writer = d.postgresPool(config, settings(false), writers)
	d.readers = d.postgresPool(config, settings(true), o.Readers)
	if err := d.writer.PingContext(ctx); err != nil {
		return err
	}
	return nil
}

// checkOrder refuses a database that would order text otherwise than SQLite does: by bytes.
func (d *DB) checkOrder(ctx context.Context, pool *sql.DB) error {
	var version int
	err := pool.QueryRowContext(ctx, `SELECT CAST(current_setting('server_version_num') AS INTEGER)`).Scan(&version)
	if err != nil {
		return err
	}
	if version < oldestPostgreSQL {
		return fault.New(fault.Unavailable, "database-settings", "this PostgreSQL is older than 15: use 15 or later")
	}
	locale := "datcollate"
	if version >= 170000 {
		locale = "CASE datlocprovider WHEN 'b' THEN datlocale ELSE datcollate END"
	}
	var name, encoding, provider, collation string
	err = pool.QueryRowContext(ctx, `
		SELECT datname, pg_encoding_to_char(encoding), CAST(datlocprovider AS TEXT), `+locale+`
		FROM pg_database
		WHERE datname = current_database()`).Scan(&name, &encoding, &provider, &collation)
	if err != nil {
		return err
	}
	if encoding == "UTF8" && (provider == "c" || provider == "b") && slices.Contains([]string{"C", "POSIX", "C.UTF-8", "C.utf8"}, collation) {
		return nil
	}
	what := map[string]string{"c": "libc", "i": "icu", "b": "builtin"}[provider]
	return fault.New(fault.Unavailable, "database-order",
		"the database %s has encoding %s and locale %s of %s, which does not order text by bytes: make one with\n\tCREATE DATABASE %s ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C.UTF-8' TEMPLATE template0;\nand name it in SOKBO_DATABASE",
		name, encoding, collation, what, pgx.Identifier{name + "_c"}.Sanitize())
}
