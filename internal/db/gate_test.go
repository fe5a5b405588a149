package db_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
)

// While bulk work runs in pieces, a person waits for the piece under way and for no other.
func TestBulkYieldsToPeople(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{})
	var order []string // written inside transactions only, of which there is one at a time
	step := func(name string) func(*db.Tx) error {
		return func(*db.Tx) error { order = append(order, name); return nil }
	}
	inside, goOn := make(chan bool), make(chan bool)
	var all sync.WaitGroup
	all.Go(func() {
		err := d.Bulk(t.Context(), func(tx *db.Tx) error {
			close(inside)
			<-goOn
			return step("bulk 1")(tx)
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	waiting := func(bulk bool, name string, n int) {
		run := d.Write
		if bulk {
			run = d.Bulk
		}
		all.Go(func() {
			if err := run(t.Context(), step(name)); err != nil {
				t.Error(err)
			}
		})
		eventually(t, 10*time.Second, name+" waits", func() bool { return db.Waiting(d) == n })
	}
	waiting(true, "bulk 2", 1)
	waiting(true, "bulk 3", 2)
	waiting(false, "person 1", 3)
	waiting(false, "person 2", 4)
	close(goOn)
	all.Wait()
	want := []string{"bulk 1", "person 1", "person 2", "bulk 2", "bulk 3"}
	for i := range want {
		if order[i] != want[i] {
			t.Fatalf("order = %q; want %q", order, want)
		}
	}
}

// People who never stop writing do not hold bulk work off for ever.
func TestBulkHasItsTurnInAStorm(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite, dbtest.Options{})
	var stop atomic.Bool
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for !stop.Load() {
				if err := d.Write(t.Context(), func(*db.Tx) error { return nil }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := d.Bulk(ctx, func(*db.Tx) error { return nil }); err != nil {
		t.Errorf("Bulk: %v", err)
	}
	stop.Store(true)
	all.Wait()
}

func TestWhoGivesUpWaitingLosesNoTurn(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{})
	for range 50 {
		inside, goOn := make(chan bool), make(chan bool)
		var all sync.WaitGroup
		all.Go(func() {
			d.Write(t.Context(), func(*db.Tx) error { close(inside); <-goOn; return nil })
		})
		<-inside
		ctx, cancel := context.WithCancel(t.Context())
		for _, run := range []func(context.Context, func(*db.Tx) error) error{d.Write, d.Bulk} {
			all.Go(func() {
				if err := run(ctx, func(*db.Tx) error { return nil }); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		eventually(t, 10*time.Second, "both wait", func() bool { return db.Waiting(d) == 2 })
		all.Go(cancel)
		close(goOn) // in the same moment as the cancel
		all.Wait()
		if err := d.Write(t.Context(), func(*db.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLongestHold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		write(t, d, func(*db.Tx) error { return nil })
		short := d.LongestHold()
		if short <= 0 {
			t.Errorf("LongestHold = %v after a write", short)
		}
		const held = 50 * time.Millisecond
		write(t, d, func(*db.Tx) error { <-time.After(held); return nil })
		if got := d.LongestHold(); got < held {
			t.Errorf("LongestHold = %v after a write of %v", got, held)
		}
	})
}
