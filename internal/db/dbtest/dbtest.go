// Package dbtest gives tests fresh databases, real ones of both kinds.
//
// A test that runs SQL runs on both:
//
//	func TestNewest(t *testing.T) {
//		dbtest.Each(t, func(t *testing.T, d *db.DB) { … })
//	}
//
// One PostgreSQL serves a whole run: the one that SOKBO_TEST_POSTGRES names (dbtest/withpostgres sets it), else
// one that the test binary starts by itself. A test never skips because there is none. Every test has a
// database of its own, copied from one that was migrated once, and dropped after it.
package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest/postgres"
	"sokbo/internal/db/migrations"
)

// Options change how a test's database is opened. The zero value is right for most tests.
type Options struct {
	// Now is the database's clock; nil is time.Now.
	Now func() time.Time
	// Log takes the database's log; nil is the test's own.
	Log *slog.Logger
	// Readers is as in db.Options.
	Readers int
	// Synced forces SQLite's commits to the disk, as outside of tests.
	Synced bool
}

// Each runs f as a subtest on each kind of database.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachOptions(t, Options{}, f)
}

// EachOptions is [Each] with options.
func EachOptions(t *testing.T, o Options, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) { f(t, Open(t, dialect, o)) })
	}
}

// Open opens a fresh database with the whole schema. It is closed when the test ends, and may be closed before.
func Open(t testing.TB, dialect db.Dialect, o Options) *db.DB {
	t.Helper()
	if dialect == db.PostgreSQL {
		return open(t, db.Options{URL: MigratedPostgresURL(t)}, o)
	}
	return open(t, db.Options{Dir: MigratedDir(t)}, o)
}

// Two opens two nodes on one fresh PostgreSQL.
func Two(t testing.TB) (a, b *db.DB) {
	t.Helper()
	url := MigratedPostgresURL(t)
	return open(t, db.Options{URL: url}, Options{}), open(t, db.Options{URL: url}, Options{})
}

func open(t testing.TB, o db.Options, with Options) *db.DB {
	t.Helper()
	o.Now, o.Log, o.Readers, o.NoSync = with.Now, with.Log, with.Readers, !with.Synced
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("opening the test's database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing the test's database: %v", err)
		}
	})
	return d
}

// MigratedDir is a data folder of SQLite with the whole schema, not open.
func MigratedDir(t testing.TB) string {
	t.Helper()
	file, err := sqliteFixture()
	if err != nil {
		t.Fatalf("making the SQLite fixture: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sokbo.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sqliteFixture is the closed file of a migrated database.
var sqliteFixture = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "sokbo-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	d, err := db.Open(context.Background(), db.Options{Dir: dir, NoSync: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "sokbo.db"))
})

// MigratedPostgresURL is a fresh PostgreSQL database with the whole schema. It is dropped when the test ends.
func MigratedPostgresURL(t testing.TB) string {
	t.Helper()
	name, err := postgresTemplate()
	if err != nil {
		t.Fatalf("making the PostgreSQL template: %v", err)
	}
	return create(t, "TEMPLATE "+name+" STRATEGY WAL_LOG")
}

// PostgresURL is a fresh PostgreSQL database without any table. It is dropped when the test ends.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return create(t, emptyDatabase)
}

const emptyDatabase = "ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C.UTF-8' TEMPLATE template0"

func create(t testing.TB, how string) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name := "sokbo_test_" + strings.ToLower(rand.Text())
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" "+how); err != nil {
		t.Fatalf("creating the test's database: %v", err)
	}
	t.Cleanup(func() {
		if _, err := s.admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	return s.url(name)
}

// postgresServer is the server of this run.
type postgresServer struct {
	admin *sql.DB
	base  url.URL
}

func (s *postgresServer) url(database string) string {
	u := s.base
	u.Path = "/" + database
	return u.String()
}

var server = sync.OnceValues(func() (*postgresServer, error) {
	address := os.Getenv(postgres.Environment)
	if address == "" {
		// Nothing stops it at the end of the run but the end of this process.
		own, err := postgres.Start(context.Background(), false)
		if err != nil {
			return nil, err
		}
		address = own.URL("postgres")
	}
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "postgres" && base.Scheme != "postgresql" {
		return nil, fmt.Errorf("%s must be a URL such as postgres:///postgres?host=/run/postgresql", postgres.Environment)
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		return nil, err
	}
	admin.SetMaxOpenConns(2)
	return &postgresServer{admin, *base}, nil
})

// templateLock is the advisory lock under which the test binaries of a run make the template once.
const templateLock = 7_361_120_002

// postgresTemplate is the name of a migrated database to copy from. Its name tells its schema, so that all
// test binaries of a run share it and a changed schema gets another.
var postgresTemplate = sync.OnceValues(func() (name string, err error) {
	s, err := server()
	if err != nil {
		return "", err
	}
	name, err = templateName()
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(templateLock)); err != nil {
		return "", err
	}
	defer func() {
		_, e := conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1)`, int64(templateLock))
		err = errors.Join(err, e)
	}()
	var ready bool
	err = conn.QueryRowContext(ctx, `SELECT datistemplate FROM pg_database WHERE datname = $1`, name).Scan(&ready)
	if err != nil && !errors.Is(err, sql.ErrNoRows) || ready {
		return name, err
	}
	// What is there without the mark was left half made.
	if _, err := conn.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		return "", err
	}
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+name+" "+emptyDatabase); err != nil {
		return "", err
	}
	d, err := db.Open(ctx, db.Options{URL: s.url(name), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return "", err
	}
	if err := d.Close(); err != nil {
		return "", err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true")
	return name, err
})

func templateName() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(migrations.FS, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(migrations.FS, path)
		fmt.Fprintf(h, "%s %d\n", path, len(b))
		h.Write(b)
		return err
	})
	return "sokbo_template_" + hex.EncodeToString(h.Sum(nil)[:8]), err
}
