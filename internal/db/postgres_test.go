package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/db/dbtest/postgres"
	"sokbo/internal/fault"
)

// admin runs statements on the server of url, outside of package db.
func admin(t *testing.T, url string, statements ...string) {
	t.Helper()
	pool, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, s := range statements {
		if _, err := pool.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// beside is the address of another database on the same server.
func beside(t *testing.T, url, name string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(url, config.Database, name, 1)
}

func TestDatabaseThatDoesNotOrderByBytesIsRefused(t *testing.T) {
	t.Parallel()
	url := dbtest.PostgresURL(t)
	tests := map[string]string{
		"icu":    `ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'ko-KR' LOCALE 'C.UTF-8' TEMPLATE template0`,
		"latin1": `ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
	}
	for name, how := range tests {
		t.Run(name, func(t *testing.T) {
			name := fmt.Sprintf("sokbo_test_%s_%d", name, os.Getpid())
			admin(t, url, `CREATE DATABASE `+name+` `+how)
			t.Cleanup(func() { admin(t, url, `DROP DATABASE `+name) })
			_, err := db.Open(t.Context(), db.Options{URL: beside(t, url, name)})
			if fault.CodeOf(err) != "database-order" {
				t.Fatalf("err = %v; want database-order", err)
			}
			_, command, _ := strings.Cut(err.Error(), "\t")
			command, _, ok := strings.Cut(command, "\n")
			if !ok || !strings.HasPrefix(command, "CREATE DATABASE ") {
				t.Fatalf("no command in: %v", err)
			}
			admin(t, url, command)
			t.Cleanup(func() { admin(t, url, `DROP DATABASE `+name+`_c`) })
			d, err := db.Open(t.Context(), db.Options{URL: beside(t, url, name+"_c")})
			if err != nil {
				t.Fatalf("the database that the command made: %v", err)
			}
			d.Close()
		})
	}
}

func TestTextIsOrderedByBytes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var got string
		err := d.QueryRow(t.Context(), `
			WITH v (s) AS (VALUES (CAST($1 AS TEXT)), (CAST($2 AS TEXT)), (CAST($3 AS TEXT)), (CAST($4 AS TEXT)), (CAST($5 AS TEXT)))
			SELECT string_agg(s, ' ' ORDER BY s) FROM v`, "a", "나", "_", "B", "가").Scan(&got)
		if want := "B _ a 가 나"; err != nil || got != want {
			t.Errorf("order = %q, %v; want %q", got, err, want)
		}
	})
}

func TestSettingsOfEveryConnection(t *testing.T) {
	url := dbtest.MigratedPostgresURL(t)
	d, err := db.Open(t.Context(), db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	want := map[string]string{
		"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s",
		"TimeZone": "UTC", "synchronous_commit": "on",
	}
	check := func(who string, queryRow func(ctx context.Context, query string, args ...any) *sql.Row) {
		for name, value := range want {
			var got string
			if err := queryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != value {
				t.Errorf("%s: %s = %q, %v; want %q", who, name, got, err, value)
			}
		}
	}
	check("a reader", d.QueryRow)
	write(t, d, func(tx *db.Tx) error { check("a writer", tx.QueryRow); return nil })

	pool, err := db.PoolWithSetting(d, url, "lock_timeout", "2000") // which reads 2s
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.PingContext(t.Context()); fault.CodeOf(err) != "database-settings" {
		t.Errorf("a setting that reads otherwise than it was asked for: %v; want database-settings", err)
	}
}

func TestAddressThatIsNone(t *testing.T) {
	_, err := db.Open(t.Context(), db.Options{URL: "postgres://user:secret@host:port/x"})
	if fault.CodeOf(err) != "database-url" || strings.Contains(err.Error(), "secret") {
		t.Errorf("err = %v; want database-url without the password", err)
	}
	_, err = db.Open(t.Context(), db.Options{URL: "postgres:///x?host=" + t.TempDir()})
	if fault.KindOf(err) != fault.Unavailable || fault.CodeOf(err) != "database-away" {
		t.Errorf("err = %v; want database-away", err)
	}
}

func TestConflictIsRetriedThreeTimes(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.PostgreSQL, dbtest.Options{})
	makeTables(t, d)
	for _, code := range []string{"40001", "40P01"} {
		for _, failures := range []int{3, 4} {
			calls := 0
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				calls++
				if _, err := tx.Exec(t.Context(), insert, calls, failures); err != nil {
					return err
				}
				if calls <= failures {
					_, err := tx.Exec(t.Context(), `DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '`+code+`'; END $$`)
					return err
				}
				return nil
			})
			if calls != 4 {
				t.Errorf("%s: %d calls; want 4", code, calls)
			}
			if failures == 3 && err != nil {
				t.Errorf("%s three times: %v", code, err)
			}
			if failures == 4 && fault.CodeOf(err) != "database-busy" {
				t.Errorf("%s four times: %v; want database-busy", code, err)
			}
			if n, want := count(t, d, `SELECT count(*) FROM tally_sum`), 4-failures; n != want {
				t.Errorf("%s: %d rows; want %d, those of the last call", code, n, want)
			}
			execute(t, d, `DELETE FROM tally_sum`)
		}
	}
}

func TestDeadlockIsResolved(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.PostgreSQL, dbtest.Options{})
	makeTables(t, d)
	execute(t, d, `INSERT INTO tally_sum (story, n) VALUES (1, 0), (2, 0)`)
	var calls atomic.Int32
	var both, all sync.WaitGroup
	both.Add(2)
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		first := true
		all.Go(func() {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				calls.Add(1)
				for i, story := range order {
					if _, err := tx.Exec(t.Context(), `UPDATE tally_sum SET n = n + 1 WHERE story = $1`, story); err != nil {
						return err
					}
					if i == 0 && first {
						first = false
						both.Done()
						both.Wait() // each holds one row and will ask for the other's
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := count(t, d, `SELECT count(*) FROM tally_sum WHERE n = 2`); n != 2 {
		t.Errorf("%d rows were updated by both; want 2", n)
	}
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls; want 3: one of the two ran again", n)
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	a, b := dbtest.Two(t)
	makeTables(t, a)
	execute(t, a, insert, 1, 1)
	write(t, a, func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), `UPDATE tally_sum SET n = 2`); err != nil {
			return err
		}
		err := b.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE tally_sum SET n = 3`)
			return err
		})
		if fault.CodeOf(err) != "database-busy" {
			t.Errorf("waiting for a lock: %v; want database-busy", err)
		}
		return nil
	})
	var nothing any
	err := a.QueryRow(t.Context(), `SELECT pg_sleep(60)`).Scan(&nothing)
	if fault.CodeOf(err) != "database-busy" {
		t.Errorf("a statement of a minute: %v; want database-busy", err)
	}
}

func TestKilledConnectionIsAway(t *testing.T) {
	d := dbtest.Open(t, db.PostgreSQL, dbtest.Options{})
	makeTables(t, d)
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), insert, 1, 1); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`)
		return err
	})
	if fault.CodeOf(err) != "database-away" {
		t.Errorf("err = %v; want database-away", err)
	}
	execute(t, d, insert, 2, 2)
	if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 1 {
		t.Errorf("%d rows; want the second only", n)
	}
}

// wire stands between a database and its server, to be cut and mended.
type wire struct {
	listener net.Listener
	server   func() (net.Conn, error)
	mu       sync.Mutex
	open     map[net.Conn]bool
	isCut    bool
}

// newWire returns the address of the same database over a wire.
func newWire(t *testing.T, url string) (*wire, string) {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgNetworkAddress(config)
	dir, err := os.MkdirTemp("", "wire") // short: a socket's path is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, open: map[net.Conn]bool{}, server: func() (net.Conn, error) { return net.Dial(network, address) }}
	go w.serve()
	t.Cleanup(func() { listener.Close(); w.cut() })
	return w, "postgres://" + config.User + ":" + config.Password + "@/" + config.Database + "?host=" + dir
}

func pgNetworkAddress(c *pgx.ConnConfig) (network, address string) {
	port := strconv.Itoa(int(c.Port))
	if strings.HasPrefix(c.Host, "/") {
		return "unix", filepath.Join(c.Host, ".s.PGSQL."+port)
	}
	return "tcp", net.JoinHostPort(c.Host, port)
}

func (w *wire) serve() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := w.server()
		w.mu.Lock()
		if err != nil || w.isCut {
			near.Close()
			if err == nil {
				far.Close()
			}
			w.mu.Unlock()
			continue
		}
		w.open[near], w.open[far] = true, true
		w.mu.Unlock()
		join := func(to, from net.Conn) {
			io.Copy(to, from)
			to.Close()
			from.Close()
		}
		go join(near, far)
		go join(far, near)
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for c := range w.open {
		c.Close()
	}
	clear(w.open)
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = false
}

func TestPostgreSQLAwayAndBack(t *testing.T) {
	t.Parallel()
	direct := dbtest.MigratedPostgresURL(t)
	w, url := newWire(t, direct)
	near, err := db.Open(t.Context(), db.Options{URL: direct})
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := db.Open(t.Context(), db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	makeTables(t, near)
	due := func(tag string) {
		write(t, near, func(tx *db.Tx) error { tx.ChangesAt(tx.Now().Add(time.Hour), tag); return nil })
	}
	due("before")
	var f log
	far.Follow(&f)
	if !f.has("before") {
		t.Fatal("the follower was not told what is still due")
	}

	err = far.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), insert, 1, 1); err != nil {
			return err
		}
		w.cut()
		_, err := tx.Exec(t.Context(), insert, 2, 2)
		return err
	})
	away := func(what string, err error) {
		t.Helper()
		if fault.KindOf(err) != fault.Unavailable || fault.CodeOf(err) != "database-away" {
			t.Errorf("%s: %v; want database-away", what, err)
		}
	}
	away("a statement in a transaction", err)
	away("a new transaction", far.Write(t.Context(), func(tx *db.Tx) error { t.Error("f ran"); return nil }))
	away("Ready", far.Ready(t.Context()))
	var n int
	away("a query", far.QueryRow(t.Context(), `SELECT count(*) FROM tally_sum`).Scan(&n))
	_, err = far.Query(t.Context(), `SELECT 1`)
	away("a query of rows", err)
	away("Read", far.Read(t.Context(), func(*db.Reader) error { t.Error("f ran"); return nil }))
	eventually(t, 5*time.Second, "the follower is told to forget everything", func() bool { return f.wasReset() > 0 })
	due("meanwhile")

	w.mend()
	eventually(t, 5*time.Second, "the follower is told what it missed and what is still due", func() bool {
		return f.has("before") && f.has("meanwhile")
	})
	eventually(t, 5*time.Second, "Ready", func() bool { return far.Ready(t.Context()) == nil })
	execute(t, far, insert, 3, 3)
	if n := count(t, near, `SELECT count(*) FROM tally_sum`); n != 1 {
		t.Errorf("%d rows; want only the one written afterwards", n)
	}
	select {
	case <-far.Broken():
		t.Error("Broken is closed: a lost connection is no failing disk")
	default:
	}
}

func TestFullDiskOfPostgreSQL(t *testing.T) {
	t.Parallel()
	server, err := postgres.Start(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	d, err := db.Open(t.Context(), db.Options{URL: server.URL("postgres")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	fail := `DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$`
	if dir := smallTablespace(t); dir != "" {
		admin(t, server.URL("postgres"),
			`CREATE TABLESPACE small LOCATION '`+dir+`'`,
			`CREATE TABLE large (n BIGINT NOT NULL) TABLESPACE small`)
		t.Cleanup(func() { admin(t, server.URL("postgres"), `DROP TABLE large`, `DROP TABLESPACE small`) })
		fail = `INSERT INTO large (n) SELECT generate_series(1, 100000)`
	}
	makeTables(t, d)
	err = d.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), insert, 1, 1); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), fail)
		return err
	})
	if fault.KindOf(err) != fault.Full || fault.CodeOf(err) != "disk-full" {
		t.Errorf("err = %v; want disk-full", err)
	}
	execute(t, d, insert, 2, 2)
	if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 1 {
		t.Errorf("%d rows; want the second only", n)
	}
}

// smallTablespace is a folder of PostgreSQL's on a file system of 1 MB, or "" where this user cannot mount one.
func smallTablespace(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sokbo-small")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	account, err := user.Lookup("postgres")
	if err == nil {
		err = unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=0700,uid="+account.Uid+",gid="+account.Gid)
	}
	if err != nil {
		t.Logf("no file system of its own for this test (%v): the error is raised by a statement instead", err)
		return ""
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Another node may be a version further and have changed a table: a prepared statement of this one is stale.
func TestTableChangedByANewerNode(t *testing.T) {
	d := dbtest.Open(t, db.PostgreSQL, dbtest.Options{Readers: 1})
	execute(t, d, `CREATE TABLE changing (n BIGINT NOT NULL)`)
	execute(t, d, `INSERT INTO changing (n) VALUES (1)`)
	read := func() error {
		var n string
		return d.QueryRow(t.Context(), `SELECT n FROM changing`).Scan(&n)
	}
	change := func(n int, f func(tx *db.Tx) error) {
		calls := 0
		err := d.Write(t.Context(), func(tx *db.Tx) error { calls++; return f(tx) })
		if err != nil || calls > 2 {
			t.Errorf("change %d: %v after %d calls", n, err, calls)
		}
	}
	inTx := func(tx *db.Tx) error {
		var n string
		return tx.QueryRow(t.Context(), `SELECT n FROM changing`).Scan(&n)
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	change(1, inTx)
	execute(t, d, `ALTER TABLE changing ALTER COLUMN n TYPE TEXT USING CAST(n AS TEXT)`)
	if err := read(); err != nil {
		t.Errorf("a query after the change: %v", err)
	}
	change(2, inTx)
}
