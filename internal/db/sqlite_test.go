package db_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/fault"
)

func TestPragmasOfEveryConnection(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{Synced: true, Readers: 3})
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "foreign_keys": "1", "trusted_schema": "0",
		"cell_size_check": "1", "mmap_size": "0", "journal_size_limit": "67108864",
	}
	check := func(who, queryOnly string, queryRow func(ctx context.Context, query string, args ...any) *sql.Row) {
		want["query_only"] = queryOnly
		for name, value := range want {
			var got string
			if err := queryRow(t.Context(), "PRAGMA "+name).Scan(&got); err != nil || got != value {
				t.Errorf("%s: %s = %q, %v; want %q", who, name, got, err, value)
			}
		}
	}
	write(t, d, func(tx *db.Tx) error { check("the writer", "0", tx.QueryRow); return nil })
	// Nested, so that each has a connection of its own.
	err := d.Read(t.Context(), func(a *db.Reader) error {
		check("a reader", "1", a.QueryRow)
		return d.Read(t.Context(), func(b *db.Reader) error {
			check("a second reader", "1", b.QueryRow)
			check("a third reader", "1", d.QueryRow)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPragmaThatDidNotTakeIsRefused(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{})
	for _, p := range []struct{ name, value, reads string }{
		{"synchronous", "BOGUS", "2"}, // becomes NORMAL, silently
		{"foriegn_keys", "1", "1"},    // is ignored, silently
	} {
		pool, err := db.PoolWithPragma(d, p.name, p.value, p.reads)
		if err != nil {
			t.Fatal(err)
		}
		if err := pool.PingContext(t.Context()); err == nil {
			t.Errorf("%s(%s): a connection was made", p.name, p.value)
		} else if fault.CodeOf(err) != "database-settings" {
			t.Errorf("%s(%s): %v; want database-settings", p.name, p.value, err)
		}
		pool.Close()
	}
}

func TestOldSQLiteIsRefused(t *testing.T) {
	for version, ok := range map[string]bool{"3.52.9": false, "2.99.0": false, "": false, "3.53.0": true, "3.54.1": true, "4.0.0": true} {
		if err := db.CheckVersion(version); (err == nil) != ok {
			t.Errorf("CheckVersion(%q) = %v", version, err)
		}
	}
}

func TestFilesAreTheirOwnersOnly(t *testing.T) {
	// SQLite's own letters for a URI, and others that a folder may have.
	dir := filepath.Join(t.TempDir(), "속보 100%?mode=ro#x&y", "data")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	d, err := db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	makeTables(t, d)
	seen := 0
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		seen++
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has rights %o; want %o", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen != 5 {
		t.Errorf("%d files; want the folder, the file, its lock, -wal and -shm", seen)
	}
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	noise := t.TempDir()
	if err := os.WriteFile(filepath.Join(noise, "sokbo.db"), []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), noise} {
		d, err := db.Open(t.Context(), db.Options{Dir: dir})
		if err == nil {
			d.Close()
			t.Errorf("Open(%s) gave no error", dir)
		}
	}
}

func TestFolderInUse(t *testing.T) {
	dir := dbtest.MigratedDir(t)
	holder := child(t, "open", db.Options{Dir: dir})
	if said := <-lines(t, holder); said != "open" {
		t.Fatalf("the child said %q", said)
	}
	_, err := db.Open(t.Context(), db.Options{Dir: dir})
	if fault.CodeOf(err) != "data-in-use" || !strings.Contains(err.Error(), fmt.Sprint(holder.Process.Pid)) {
		t.Errorf("err = %v; want data-in-use with the number of process %d", err, holder.Process.Pid)
	}
	holder.Process.Kill()
	holder.Wait()

	d, err := db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatalf("after the other process was killed: %v", err)
	}
	for range 5 {
		runtime.GC() // would close a lock that is not kept
	}
	if said := <-lines(t, child(t, "open", db.Options{Dir: dir})); said != "data-in-use" {
		t.Errorf("the child said %q; want data-in-use", said)
	}
	if _, err := db.Open(t.Context(), db.Options{Dir: dir}); fault.CodeOf(err) != "data-in-use" {
		t.Errorf("a second Open in one process: %v; want data-in-use", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d, err = db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	d.Close()
}

// Whatever was acknowledged is there after kill -9, and at most the one write under way besides.
func TestKilledWriterLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	const before = 300
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			var o db.Options
			if dialect == db.SQLite {
				o.Dir = dbtest.MigratedDir(t)
			} else {
				o.URL = dbtest.MigratedPostgresURL(t)
			}
			d, err := db.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			makeTables(t, d)
			d.Close()

			writer := child(t, "write", o)
			acknowledged := 0
			for line := range lines(t, writer) {
				if acknowledged, err = strconv.Atoi(line); err != nil {
					t.Fatal(err)
				}
				if acknowledged == before {
					writer.Process.Kill()
				}
			}
			if acknowledged < before {
				t.Fatalf("the child ended by itself after %d writes", acknowledged)
			}
			writer.Wait()
			if d, err = db.Open(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			rows := count(t, d, `SELECT count(*) FROM tally_sum WHERE story = n`)
			if rows != acknowledged && rows != acknowledged+1 {
				t.Errorf("%d rows; want %d, or one more", rows, acknowledged)
			}
			if changes := count(t, d, `SELECT count(*) FROM change_log`); changes != rows {
				t.Errorf("%d rows in the change log beside %d rows", changes, rows)
			}
		})
	}
}

// smallDisk is a database whose disk can be filled up and freed. As root it is a file system of 1 MB, else
// SQLite's own limit on the size of its file.
func smallDisk(t *testing.T) (d *db.DB, fill, free func()) {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Logf("no file system of its own for this test (%v): SQLite's limit on pages instead", err)
		d = dbtest.Open(t, db.SQLite, dbtest.Options{})
		set := func(pages string) func() {
			return func() { execute(t, d, `PRAGMA max_page_count = `+pages) }
		}
		return d, set("1"), set("1073741823")
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	d, err := db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	ballast := filepath.Join(dir, "ballast")
	fill = func() {
		f, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("filling the disk: %v", err)
		}
	}
	free = func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	return d, fill, free
}

func TestFullDisk(t *testing.T) {
	d, fill, free := smallDisk(t)
	makeTables(t, d)
	execute(t, d, insert, 1, 1)
	large := func() error {
		return d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), insert, 2, 2); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `INSERT INTO tally (story, reader, kind) VALUES (1, $1, 'large')`, make([]byte, 300_000))
			return err
		})
	}
	for range 2 {
		fill() // again: SQLite's own limit is the connection's, and the first error ends that one
		if err := large(); fault.KindOf(err) != fault.Full || fault.CodeOf(err) != "disk-full" {
			t.Fatalf("err = %v; want disk-full", err)
		}
	}
	if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 1 {
		t.Errorf("%d rows while the disk is full; want the one from before", n)
	}
	if err := d.Ready(t.Context()); err != nil {
		t.Errorf("Ready: %v", err)
	}
	free()
	if err := large(); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 2 {
		t.Errorf("%d rows; want 2", n)
	}
}

func TestFailingDiskEndsAllWriting(t *testing.T) {
	t.Parallel()
	dir := dbtest.MigratedDir(t)
	d, err := db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	makeTables(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := child(t, "limited", db.Options{Dir: dir}).Output()
	if err != nil {
		t.Fatal(err)
	}
	var r limitReport
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const code = "database-readonly"
	if r.First != code || r.Second != code || r.Ready != code || !r.Broken {
		t.Errorf("%+v; want every write to end with %s, and Broken closed", r, code)
	}
	if r.Written == 0 || r.Read != r.Written {
		t.Errorf("%d rows are read of %d acknowledged", r.Read, r.Written)
	}
	// A fresh process starts from what is on the disk.
	if d, err = db.Open(t.Context(), db.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != r.Written && n != r.Written+1 {
		t.Errorf("%d rows after the restart; want %d, or one more", n, r.Written)
	}
}

func TestLockedByAnotherTool(t *testing.T) {
	t.Parallel()
	dir := dbtest.MigratedDir(t)
	d, err := db.Open(t.Context(), db.Options{Dir: dir, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	makeTables(t, d)
	tool, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "sokbo.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	conn, err := tool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	since := time.Now()
	err = d.Write(short, func(tx *db.Tx) error { t.Error("f ran"); return nil })
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(since) > 3*time.Second {
		t.Errorf("a caller with 100 ms: %v after %v", err, time.Since(since))
	}
	err = d.Write(t.Context(), func(tx *db.Tx) error { t.Error("f ran"); return nil })
	if fault.KindOf(err) != fault.Unavailable || fault.CodeOf(err) != "database-busy" {
		t.Errorf("a caller with time: %v; want database-busy", err)
	}
	if _, err := conn.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	execute(t, d, insert, 1, 1)
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		var o db.Options
		if dialect == db.SQLite {
			o.Dir = dbtest.MigratedDir(t)
		} else {
			o.URL = dbtest.MigratedPostgresURL(t)
		}
		d, err := db.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		execute(t, d, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
		d.Close()
		if d, err = db.Open(t.Context(), o); err == nil {
			d.Close()
		}
		if fault.CodeOf(err) != "schema-newer" || !strings.Contains(err.Error(), "99999") {
			t.Errorf("%v: err = %v; want schema-newer with its number", dialect, err)
		}
	}
}

func TestOpenedTwiceAtOnceMigratesOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.PostgresURL(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			d, err := db.Open(t.Context(), db.Options{URL: url})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if n := count(t, d, `SELECT count(*) FROM change_log`); n != 0 {
				t.Errorf("%d rows", n)
			}
			d.Close()
		})
	}
	all.Wait()
}

func TestWALIsCutWhenNobodyWrites(t *testing.T) {
	t.Parallel()
	dir := dbtest.MigratedDir(t)
	d, err := db.Open(t.Context(), db.Options{Dir: dir, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	makeTables(t, d)
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "sokbo.db-wal")) // never opened: closing it would drop SQLite's locks
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	if size() == 0 {
		t.Fatal("no WAL after a write")
	}
	eventually(t, 15*time.Second, "the WAL is empty", func() bool { return size() == 0 })
	execute(t, d, insert, 1, 1)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "sokbo.db-*")); len(left) != 0 {
		t.Errorf("after Close there is still %q", left)
	}
}

// An open reader keeps the WAL growing, so it ends by itself.
func TestReadEndsAfterFiveSeconds(t *testing.T) {
	dir := dbtest.MigratedDir(t)
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open(t.Context(), db.Options{Dir: dir, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for seconds, want := range map[time.Duration]bool{4: true, 6: false} {
			err := d.Read(t.Context(), func(r *db.Reader) error {
				var n int
				if err := r.QueryRow(t.Context(), `SELECT 1`).Scan(&n); err != nil {
					return err
				}
				time.Sleep(seconds * time.Second) // of the bubble
				synctest.Wait()
				return r.QueryRow(t.Context(), `SELECT 1`).Scan(&n)
			})
			if ok := err == nil; ok != want {
				t.Errorf("after %d s: %v", seconds, err)
			}
		}
	})
}

// The planner's figures are refreshed every six hours. The clock of the bubble passes them at once.
func TestOptimizeEverySixHours(t *testing.T) {
	dir := dbtest.MigratedDir(t)
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open(t.Context(), db.Options{Dir: dir, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		makeTables(t, d)
		write(t, d, func(tx *db.Tx) error {
			n := make([]int64, 2000)
			for i := range n {
				n[i] = int64(i)
			}
			if _, err := tx.Exec(t.Context(), `CREATE INDEX tally_sum_n ON tally_sum (n)`); err != nil {
				return err
			}
			if err := tx.Batch(t.Context(), `INSERT INTO tally_sum (story, n) {rows}`, n, n); err != nil {
				return err
			}
			var story int
			return tx.QueryRow(t.Context(), `SELECT story FROM tally_sum WHERE n = 5`).Scan(&story)
		})
		const figures = `SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'tally_sum'`
		if n := count(t, d, figures); n != 0 {
			t.Fatal("the planner has figures from the start")
		}
		time.Sleep(6*time.Hour + time.Minute) // of the bubble
		synctest.Wait()
		if n := count(t, d, figures); n == 0 {
			t.Error("six hours later the planner has no figures of the table")
		}
	})
}
