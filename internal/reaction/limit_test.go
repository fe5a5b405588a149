package reaction_test

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/fault"
	"sokbo/internal/reaction"
)

func TestLimitOnNewReaders(t *testing.T) {
	clock := func() (now func() time.Time, forward func(time.Duration)) {
		var at atomic.Int64
		at.Store(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC).UnixMilli())
		return func() time.Time { return time.UnixMilli(at.Load()).UTC() },
			func(d time.Duration) { at.Add(d.Milliseconds()) }
	}
	limited := func(t *testing.T, x *reaction.Reactions, story db.ID, r reaction.Reader, from string, wait time.Duration) {
		t.Helper()
		_, err := x.Set(t.Context(), story, r, netip.MustParseAddr(from), reaction.Like)
		f := fault.Of(err)
		if f == nil || f.Kind != fault.TooMany || f.Code != "reaction-limit" || f.RetryAfter != wait {
			t.Errorf("Set from %s: %#v, want reaction-limit to be retried after %v", from, err, wait)
		}
	}
	accepted := func(t *testing.T, x *reaction.Reactions, story db.ID, r reaction.Reader, from string, k reaction.Kind) {
		t.Helper()
		if _, err := x.Set(t.Context(), story, r, netip.MustParseAddr(from), k); err != nil {
			t.Errorf("Set(%q) from %s: %v", k, from, err)
		}
	}

	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now, forward := clock()
		var log strings.Builder
		x := reaction.New(reaction.Options{DB: d, Key: key, NewPerHour4: 3, NewPerHour6: 2, Now: now, Log: slog.New(slog.NewTextHandler(&log, nil))})
		run(t, x)
		first, last := reaction.NewReader(), reaction.NewReader()
		accepted(t, x, 1, first, "192.0.2.1", reaction.Like)
		forward(20 * time.Minute)
		accepted(t, x, 1, reaction.NewReader(), "192.0.2.1", reaction.Sad)
		accepted(t, x, 1, last, "::ffff:192.0.2.1", reaction.More) // the same address
		refused := reaction.NewReader()
		limited(t, x, 1, refused, "192.0.2.1", 40*time.Minute)
		limited(t, x, 1, refused, "192.0.2.1", 40*time.Minute)
		if n := strings.Count(log.String(), "SOKBO_REACTION_NEW_PER_HOUR"); n != 1 {
			t.Errorf("a full window was logged %d times, want once:\n%s", n, &log)
		}
		if strings.Contains(log.String(), "192.0.2.1") {
			t.Errorf("the log holds a reader's address:\n%s", &log)
		}

		// One's own is never limited; another address and another story are not touched by this one.
		accepted(t, x, 1, first, "192.0.2.1", reaction.Angry)
		accepted(t, x, 1, last, "192.0.2.1", reaction.None)
		accepted(t, x, 1, refused, "192.0.2.2", reaction.Like)
		accepted(t, x, 2, reaction.NewReader(), "192.0.2.1", reaction.Like)

		// A /64 is one address.
		accepted(t, x, 1, reaction.NewReader(), "2001:db8:0:1::1", reaction.Like)
		accepted(t, x, 1, reaction.NewReader(), "2001:db8:0:1:ffff::1", reaction.Like)
		limited(t, x, 1, reaction.NewReader(), "2001:db8:0:1::2", time.Hour)
		accepted(t, x, 1, reaction.NewReader(), "2001:db8:0:2::1", reaction.Like)

		forward(40*time.Minute - time.Millisecond)
		limited(t, x, 1, reaction.NewReader(), "192.0.2.1", time.Millisecond)
		forward(time.Millisecond)
		accepted(t, x, 1, reaction.NewReader(), "192.0.2.1", reaction.Like)

		// Only what was answered with success is stored.
		want := reaction.Counts{Like: 5, Angry: 1, Sad: 1}
		if s := checkSums(t, d); s.sums[1] != want {
			t.Errorf("story 1 has %+v, want %+v", s.sums[1], want)
		}
	})

	t.Run("within one batch", func(t *testing.T) {
		d := dbtest.Open(t, db.SQLite, dbtest.Options{})
		x := reaction.New(reaction.Options{DB: d, Key: key, NewPerHour4: 2})
		own := reaction.NewReader()
		a := queue(t, x, 1, own, home, reaction.Like)
		b := queue(t, x, 1, reaction.NewReader(), home, reaction.Like)
		c := queue(t, x, 1, reaction.NewReader(), home, reaction.Like)
		e := queue(t, x, 1, own, home, reaction.Sad)
		run(t, x)
		for i, got := range []<-chan answer{a, b, e} {
			if a := await(t, got); a.err != nil || a.counts != (reaction.Counts{Like: 1, Sad: 1}) {
				t.Errorf("request %d of those allowed: %+v, %v", i, a.counts, a.err)
			}
		}
		if a := await(t, c); fault.CodeOf(a.err) != "reaction-limit" {
			t.Errorf("the third new reader: %+v, %v", a.counts, a.err)
		}
	})

	t.Run("no limit", func(t *testing.T) {
		d := dbtest.Open(t, db.SQLite, dbtest.Options{})
		x := reaction.New(reaction.Options{DB: d, Key: key})
		run(t, x)
		for range 20 {
			accepted(t, x, 1, reaction.NewReader(), "192.0.2.1", reaction.Like)
			accepted(t, x, 1, reaction.NewReader(), "2001:db8::1", reaction.Like)
		}
	})

	// An abuser with very many networks makes the limit forget, not the memory grow.
	t.Run("windows", func(t *testing.T) {
		d := dbtest.Open(t, db.SQLite, dbtest.Options{})
		x := reaction.New(reaction.Options{DB: d, Key: key, NewPerHour4: 1, Windows: 2})
		run(t, x)
		limited := func(from string) bool {
			_, err := x.Set(t.Context(), 1, reaction.NewReader(), netip.MustParseAddr(from), reaction.Like)
			return fault.CodeOf(err) == "reaction-limit"
		}
		var got []bool
		for _, from := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3", "192.0.2.2", "192.0.2.1"} {
			got = append(got, limited(from))
		}
		if want := []bool{false, false, true, false, true, false}; !slices.Equal(got, want) {
			t.Errorf("refused %v, want %v", got, want)
		}
	})
}
