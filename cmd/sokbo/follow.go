package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/page"
)

// Who follows the change log: the page cache, the market (imported boards), and the open pages.

// dropPages keeps the page cache true.
type dropPages struct{ pages *page.Cache }

func (f dropPages) Apply(changes []db.Change) {
	for _, c := range changes {
		if c.Due.IsZero() {
			f.pages.Drop(c.Tags)
		} else {
			f.pages.DropAt(c.Due, c.Tags)
		}
	}
}

func (f dropPages) Reset() { f.pages.Reset() }

// openPages tells readers who have a story open that it changed, at once or when its moment comes.
type openPages struct {
	now     func() time.Time
	refresh func(number string)
	wake    chan struct{}

	mu  sync.Mutex
	due []moment
}

// moment is when a story changes for readers.
type moment struct {
	at     time.Time // zero: at once
	number string
}

func newOpenPages(now func() time.Time, refresh func(number string)) *openPages {
	return &openPages{now: now, refresh: refresh, wake: make(chan struct{}, 1)}
}

func (f *openPages) Apply(changes []db.Change) {
	f.mu.Lock()
	for _, c := range changes {
		for _, tag := range c.Tags {
			if number, ok := strings.CutPrefix(tag, "story:"); ok {
				f.due = append(f.due, moment{c.Due, number})
			}
		}
	}
	f.mu.Unlock()
	f.nudge()
}

// Reset needs to do nothing: the log tells the moments again, and open pages show their state until then.
func (f *openPages) Reset() {}

func (f *openPages) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run tells open pages until ctx ends.
func (f *openPages) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-timer.C:
		}
		ready, next := f.take(f.now())
		for _, number := range ready {
			f.refresh(number)
		}
		if !next.IsZero() {
			timer.Reset(max(next.Sub(f.now()), time.Millisecond))
		}
	}
}

// take removes the stories whose moment has come and returns them with the next moment of the others.
func (f *openPages) take(now time.Time) (ready []string, next time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var later []moment
	for _, m := range f.due {
		switch {
		case !m.at.After(now):
			if !slices.Contains(ready, m.number) {
				ready = append(ready, m.number)
			}
		default:
			later = append(later, m)
			if next.IsZero() || m.at.Before(next) {
				next = m.at
			}
		}
	}
	f.due = later
	return ready, next
}
