package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
)

func TestFollowerHasReadBeforeWriteReturns(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	dbtest.EachOptions(t, dbtest.Options{Now: func() time.Time { return now }}, func(t *testing.T, d *db.DB) {
		var f log
		d.Follow(&f)
		later := now.Add(time.Hour)
		write(t, d, func(tx *db.Tx) error {
			tx.Changed("story:1", "list:ko")
			tx.ChangesAt(later.Add(500*time.Nanosecond), "story:1")
			tx.ChangesAt(now, "front:ko") // has come
			tx.Changed("list:ko")
			tx.ChangesAt(later.Add(time.Hour), "story:1", "pin")
			return nil
		})
		want := []db.Change{
			{Seq: 1, At: now, Tags: []string{"story:1", "list:ko", "front:ko"}},
			{Seq: 2, At: now, Due: later, Tags: []string{"story:1"}},
			{Seq: 3, At: now, Due: later.Add(time.Hour), Tags: []string{"story:1", "pin"}},
		}
		if diff := cmp.Diff(want, f.changes()); diff != "" {
			t.Errorf("the follower was told (-want +got):\n%s", diff)
		}

		failed := errors.New("no")
		err := d.Write(t.Context(), func(tx *db.Tx) error { tx.Changed("story:2"); return failed })
		if err != failed {
			t.Errorf("err = %v", err)
		}
		write(t, d, func(tx *db.Tx) error { tx.Changed(); return nil })
		if diff := cmp.Diff(want, f.changes()); diff != "" {
			t.Errorf("after a write that failed and one without tags (-want +got):\n%s", diff)
		}
		if f.wasReset() != 0 {
			t.Error("the follower was reset")
		}
	})
}

func TestNewFollowerGetsWhatIsStillDue(t *testing.T) {
	var clock atomic.Int64
	clock.Store(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC).UnixMilli())
	now := func() time.Time { return time.UnixMilli(clock.Load()) }
	dbtest.EachOptions(t, dbtest.Options{Now: now}, func(t *testing.T, d *db.DB) {
		write(t, d, func(tx *db.Tx) error {
			tx.Changed("at once")
			tx.ChangesAt(tx.Now().Add(time.Minute), "soon")
			tx.ChangesAt(tx.Now().Add(time.Hour), "late")
			return nil
		})
		clock.Add(time.Minute.Milliseconds())
		var f log
		d.Follow(&f)
		told := f.changes()
		if len(told) != 1 || told[0].Tags[0] != "late" || told[0].Seq != 3 {
			t.Errorf("the follower was told %v; want the row that is due in an hour", told)
		}
		write(t, d, func(tx *db.Tx) error { tx.Changed("new"); return nil })
		if told := f.changes(); len(told) != 2 || told[1].Tags[0] != "new" {
			t.Errorf("the follower was told %v; want the new row after it", told)
		}
	})
}

// The order of seq is the order of commit: whoever has read up to a number never finds a lower one later.
func TestOrderOfLogIsOrderOfCommit(t *testing.T) {
	t.Parallel()
	const writers, each = 12, 15
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		var f log
		f.apply = func(changes []db.Change) {
			for _, c := range changes { // what a row tells of is there when it is told
				for _, tag := range c.Tags {
					var n int
					if err := d.QueryRow(context.Background(), `SELECT count(*) FROM tally WHERE kind = $1`, tag).Scan(&n); err != nil || n != 1 {
						t.Errorf("%s was told when %d rows of it were there: %v", tag, n, err)
					}
				}
			}
		}
		d.Follow(&f)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					tag := fmt.Sprintf("w%d-%d", w, i)
					err := d.Write(t.Context(), func(tx *db.Tx) error {
						tx.Changed(tag)
						_, err := tx.Exec(t.Context(), `INSERT INTO tally (story, reader, kind) VALUES ($1, $2, $3)`, w, fmt.Append(nil, i), tag)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					if !f.has(tag) {
						t.Errorf("Write returned before the follower was told of %s", tag)
					}
				}
			})
		}
		all.Wait()
		told := f.changes()
		for i, c := range told {
			if c.Seq != int64(i+1) {
				t.Fatalf("row %d was told as number %d", c.Seq, i+1)
			}
		}
		if len(told) != writers*each {
			t.Errorf("%d rows were told; want %d", len(told), writers*each)
		}
	})
}

func TestFollowerThatPanicsHarmsNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var bad, good log
		bad.apply = func(c []db.Change) {
			if c[len(c)-1].Seq == 2 {
				panic("bad follower")
			}
		}
		d.Follow(&bad)
		d.Follow(&good)
		for range 3 {
			write(t, d, func(tx *db.Tx) error { tx.Changed("x"); return nil })
		}
		if n := len(good.changes()); n != 3 || good.wasReset() != 0 {
			t.Errorf("the good follower was told %d rows and reset %d times", n, good.wasReset())
		}
		if n := len(bad.changes()); n != 1 || bad.wasReset() != 1 {
			t.Errorf("the bad follower knows %d rows and was reset %d times; want the third row after one reset", n, bad.wasReset())
		}
	})
}

// A committed write whose rows the followers could not be told of leaves none of them with what was before.
func TestLogThatCannotBeReadResetsFollowers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		poison := `INSERT INTO change_log (seq, at, tags) VALUES (2, 'no number', 'y')`
		if d.Dialect() == db.PostgreSQL {
			execute(t, d, `ALTER TABLE change_log ALTER COLUMN tags DROP NOT NULL`)
			poison = `INSERT INTO change_log (seq, at, tags) VALUES (2, 1, NULL)`
		}
		var f log
		d.Follow(&f)
		write(t, d, func(tx *db.Tx) error { tx.ChangesAt(tx.Now().Add(time.Hour), "due"); return nil })
		write(t, d, func(tx *db.Tx) error {
			tx.Changed("z")
			_, err := tx.Exec(t.Context(), poison)
			return err
		})
		if f.wasReset() == 0 {
			t.Error("Write returned, and the follower was neither told of the change nor to forget everything")
		}
		execute(t, d, `UPDATE change_log SET at = 1, tags = 'y' WHERE seq = 2`)
		eventually(t, 5*time.Second, "the follower is told what it missed and what is still due", func() bool {
			return f.has("due") && f.has("y") && f.has("z")
		})
	})
}

func TestTwoNodesSeeEachOthersChanges(t *testing.T) {
	t.Parallel()
	const within = 2 * time.Second
	a, b := dbtest.Two(t)
	var fa, fb log
	a.Follow(&fa)
	b.Follow(&fb)
	for i := range 2 {
		tag := fmt.Sprintf("of-a-%d", i)
		write(t, a, func(tx *db.Tx) error { tx.Changed(tag); return nil })
		eventually(t, within, "b is told of "+tag, func() bool { return fb.has(tag) })
	}
	write(t, b, func(tx *db.Tx) error { tx.Changed("of-b"); return nil })
	if !fb.has("of-b") {
		t.Error("Write returned before b's follower was told")
	}
	eventually(t, within, "a is told", func() bool { return fa.has("of-b") })

	// Both at once: both end with the same rows in the same order.
	var all sync.WaitGroup
	for name, d := range map[string]*db.DB{"a": a, "b": b} {
		for w := range 3 {
			all.Go(func() {
				for i := range 20 {
					err := d.Write(t.Context(), func(tx *db.Tx) error { tx.Changed(fmt.Sprint(name, w, i)); return nil })
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	const rows = 3 + 2*3*20
	eventually(t, within, "both are told of all", func() bool { return len(fa.changes()) == rows && len(fb.changes()) == rows })
	if diff := cmp.Diff(fa.changes(), fb.changes()); diff != "" {
		t.Errorf("a and b were told differently (-a +b):\n%s", diff)
	}
	if !slices.IsSortedFunc(fa.changes(), func(x, y db.Change) int { return int(x.Seq - y.Seq) }) {
		t.Error("the rows came out of order")
	}
}

// More rows than are read at once.
func TestFarBehindFollowerGetsAll(t *testing.T) {
	t.Parallel()
	a, b := dbtest.Two(t)
	var f log
	b.Follow(&f)
	const rows = 2500
	seqs, ats, tags := make([]int64, rows), make([]int64, rows), make([]string, rows)
	for i := range rows {
		seqs[i], ats[i], tags[i] = int64(i+1), 1, fmt.Sprint("t", i)
	}
	write(t, a, func(tx *db.Tx) error {
		return tx.Batch(t.Context(), `INSERT INTO change_log (seq, at, tags) {rows}`, seqs, ats, tags)
	})
	eventually(t, 5*time.Second, "all rows are told", func() bool { return len(f.changes()) == rows })
	for i, c := range f.changes() {
		if c.Seq != int64(i+1) {
			t.Fatalf("row %d was told as number %d", c.Seq, i+1)
		}
	}
}
