package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"sokbo/internal/fault"
)

// oldestSQLite is the first version without the WAL-reset race that can corrupt a database.
var oldestSQLite = [2]int{3, 53}

const (
	busyTimeout       = 5000 // milliseconds that a statement waits for a lock of another process
	keeperBusyTimeout = 100  // the same for checkpoints, during which the writer waits
)

// A pragma is set when a connection is made and read back before it is used: SQLite is silent about a name or
// a value that it does not know.
type pragma struct{ name, value, reads string }

func pragmas(busyTimeout int, queryOnly, noSync bool) []pragma {
	synchronous := pragma{"synchronous", "FULL", "2"}
	if noSync {
		synchronous = pragma{"synchronous", "OFF", "0"}
	}
	only := pragma{"query_only", "0", "0"}
	if queryOnly {
		only = pragma{"query_only", "1", "1"}
	}
	wait := fmt.Sprint(busyTimeout)
	return []pragma{
		{"busy_timeout", wait, wait}, // first: switching to WAL may have to wait
		{"journal_mode", "WAL", "wal"},
		synchronous,
		{"foreign_keys", "1", "1"},
		{"trusted_schema", "0", "0"},
		{"cell_size_check", "1", "1"},
		{"mmap_size", "0", "0"},
		{"journal_size_limit", "67108864", "67108864"},
		{"wal_autocheckpoint", "1000", "1000"}, // a net below the keeper's checkpoints
		only,                                   // last: it forbids what the others do
	}
}

// sqlitePool opens a pool on file whose every connection has these pragmas.
func (d *DB) sqlitePool(pragmas []pragma, size int) (*sql.DB, error) {
	parameters := []string{"_txlock=immediate"}
	for _, p := range pragmas {
		parameters = append(parameters, "_pragma="+url.QueryEscape(p.name+"("+p.value+")"))
	}
	address := url.URL{Scheme: "file", Path: d.file, RawQuery: strings.Join(parameters, "&")}
	inner, err := sqlite.NewConnector(address.String())
	if err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	pool := sql.OpenDB(connector{inner, d, func(ctx context.Context, c driver.Conn) error {
		return checkPragmas(ctx, c, pragmas)
	}})
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

func checkPragmas(ctx context.Context, c driver.Conn, pragmas []pragma) error {
	for _, p := range pragmas {
		got, err := firstValue(ctx, c, "PRAGMA "+p.name)
		if err != nil {
			return fmt.Errorf("db: reading PRAGMA %s: %w", p.name, err)
		}
		if got != p.reads {
			return fault.New(fault.Unavailable, "database-settings",
				"SQLite has %s = %s where it must be %s: put the data folder on a local disk, and set nothing on the database with other tools", p.name, got, p.reads)
		}
	}
	version, err := firstValue(ctx, c, "SELECT sqlite_version()")
	if err != nil {
		return err
	}
	return checkVersion(version)
}

func checkVersion(version string) error {
	var major, minor int
	fmt.Sscanf(version, "%d.%d", &major, &minor)
	if major < oldestSQLite[0] || major == oldestSQLite[0] && minor < oldestSQLite[1] {
		return fault.New(fault.Unavailable, "database-settings",
			"SQLite %s is too old, it can corrupt the database: build Sokbo with %d.%d or later", version, oldestSQLite[0], oldestSQLite[1])
	}
	return nil
}

// firstValue reads one value over a bare connection, as text: "" without any, as of a pragma that is not known.
func firstValue(ctx context.Context, c driver.Conn, query string) (string, error) {
	r, err := c.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	defer r.Close()
	row := make([]driver.Value, len(r.Columns()))
	if err := r.Next(row); err == io.EOF {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return fmt.Sprint(row[0]), nil
}

func (d *DB) openSQLite(ctx context.Context, o Options) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("db: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("db: the data folder cannot be made, name another or make it yourself: %w", err)
	}
	if d.unlock, err = lockFolder(dir); err != nil {
		d.unlock = func() {}
		return err
	}
	d.file = filepath.Join(dir, "sokbo.db")
	// SQLite gives -wal and -shm the rights of the file, so it is made before SQLite would make it.
	f, err := os.OpenFile(d.file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("db: the database file cannot be opened, make it readable and writable for this user: %w", err)
	}
	err = f.Chmod(0o600)
	f.Close() // closing is harmless while no connection of this process is open
	if err != nil {
		return fmt.Errorf("db: the database file must belong to this user: %w", err)
	}

	if d.writer, err = d.sqlitePool(pragmas(busyTimeout, false, o.NoSync), 1); err != nil {
		return err
	}
	if err := d.migrate(ctx, goose.DialectSQLite3, d.writer); err != nil {
		return err
	}
	if d.readers, err = d.sqlitePool(pragmas(busyTimeout, true, o.NoSync), o.Readers); err != nil {
		return err
	}
	if err := d.readers.PingContext(ctx); err != nil {
		return err
	}
	return d.startKeeper(ctx, o)
}
