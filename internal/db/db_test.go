package db_test

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"sokbo/internal/db"
)

// TestMain runs the test binary as another process where a test has started it as one.
func TestMain(m *testing.M) {
	if name := os.Getenv(childEnvironment); name != "" {
		os.Exit(runChild(name))
	}
	os.Exit(m.Run())
}

// makeTables makes tables of the tests' own.
func makeTables(t testing.TB, d *db.DB) {
	t.Helper()
	execute(t, d, `CREATE TABLE tally (story BIGINT NOT NULL, reader BYTEA NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (story, reader))`)
	execute(t, d, `CREATE TABLE tally_sum (story BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)`)
}

func write(t testing.TB, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), f); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func execute(t testing.TB, d *db.DB, query string, args ...any) {
	t.Helper()
	write(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), query, args...)
		return err
	})
}

func count(t testing.TB, d *db.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := d.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// eventually waits until ok is true.
func eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// log is a follower that keeps what it is told.
type log struct {
	mu     sync.Mutex
	told   []db.Change
	resets int
	apply  func([]db.Change) // called too, if not nil
}

func (l *log) Apply(changes []db.Change) {
	l.mu.Lock()
	l.told = append(l.told, changes...)
	l.mu.Unlock()
	if l.apply != nil {
		l.apply(changes)
	}
}

func (l *log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resets++
	l.told = nil
}

func (l *log) changes() []db.Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

func (l *log) has(tag string) bool {
	return slices.ContainsFunc(l.changes(), func(c db.Change) bool { return slices.Contains(c.Tags, tag) })
}

func (l *log) wasReset() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resets
}
