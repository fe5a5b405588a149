package reaction_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/fault"
	"sokbo/internal/reaction"
)

var (
	key  = []byte("a key for the tests of reactions")
	home = netip.MustParseAddr("192.0.2.7")
)

// run runs a committer until the test ends or stop is called.
func run(t testing.TB, x *reaction.Reactions) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func set(t testing.TB, x *reaction.Reactions, story db.ID, r reaction.Reader, k reaction.Kind) reaction.Counts {
	t.Helper()
	c, err := x.Set(t.Context(), story, r, home, k)
	if err != nil {
		t.Fatalf("Set(%d, %q): %v", story, k, err)
	}
	return c
}

// queue starts a Set and returns when it is queued, so that a test decides what stands in which order in a batch.
func queue(t testing.TB, x *reaction.Reactions, story db.ID, r reaction.Reader, from netip.Addr, k reaction.Kind) <-chan answer {
	t.Helper()
	before := x.Waiting()
	got := make(chan answer, 1)
	go func() {
		c, err := x.Set(context.Background(), story, r, from, k)
		got <- answer{c, err}
	}()
	until(t, func() bool { return x.Waiting() == before+1 || len(got) == 1 })
	return got
}

type answer struct {
	counts reaction.Counts
	err    error
}

// await fails the test if a request is never answered.
func await(t testing.TB, got <-chan answer) answer {
	t.Helper()
	select {
	case a := <-got:
		return a
	case <-time.After(20 * time.Second):
		t.Fatal("a request was not answered in 20 s")
		panic("unreachable")
	}
}

func until(t testing.TB, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("waited 20 s for a condition")
		}
	}
}

// A stored is the tables' content, read with SQL of the test's own.
type stored struct {
	rows map[db.ID]map[[16]byte]reaction.Kind
	sums map[db.ID]reaction.Counts
}

func read(t testing.TB, d *db.DB) stored {
	t.Helper()
	s := stored{make(map[db.ID]map[[16]byte]reaction.Kind), make(map[db.ID]reaction.Counts)}
	err := d.Read(context.Background(), func(r *db.Reader) error {
		rows, err := r.Query(context.Background(), `SELECT story, reader, kind FROM reaction`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var story db.ID
			var h []byte
			var k reaction.Kind
			if err := rows.Scan(&story, &h, &k); err != nil {
				return err
			}
			if s.rows[story] == nil {
				s.rows[story] = make(map[[16]byte]reaction.Kind)
			}
			s.rows[story][[16]byte(h)] = k
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		rows, err = r.Query(context.Background(), `SELECT story, kind, n FROM reaction_sum WHERE n <> 0`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var story db.ID
			var k reaction.Kind
			var n int64
			if err := rows.Scan(&story, &k, &n); err != nil {
				return err
			}
			c := s.sums[story]
			add(&c, k, n)
			s.sums[story] = c
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(c *reaction.Counts, k reaction.Kind, n int64) {
	switch k {
	case reaction.Like:
		c.Like += n
	case reaction.Angry:
		c.Angry += n
	case reaction.Sad:
		c.Sad += n
	case reaction.More:
		c.More += n
	}
}

// count counts rows as the sums must.
func count[R comparable](rows map[R]reaction.Kind) (c reaction.Counts) {
	for _, k := range rows {
		add(&c, k, 1)
	}
	return c
}

// checkSums fails the test if the sums of any story are not its rows.
func checkSums(t testing.TB, d *db.DB) stored {
	t.Helper()
	s := read(t, d)
	want := make(map[db.ID]reaction.Counts)
	for story, rows := range s.rows {
		want[story] = count(rows)
	}
	if diff := cmp.Diff(want, s.sums); diff != "" {
		t.Errorf("the sums are not the rows (-rows +sums):\n%s", diff)
	}
	return s
}

func TestOnePerReaderChangedAndTakenBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := reaction.New(reaction.Options{DB: d, Key: key})
		run(t, x)
		a, b := reaction.NewReader(), reaction.NewReader()
		for i, step := range []struct {
			reader reaction.Reader
			kind   reaction.Kind
			want   reaction.Counts
		}{
			{a, reaction.Like, reaction.Counts{Like: 1}},
			{a, reaction.Like, reaction.Counts{Like: 1}},
			{b, reaction.Like, reaction.Counts{Like: 2}},
			{a, reaction.More, reaction.Counts{Like: 1, More: 1}},
			{a, reaction.None, reaction.Counts{Like: 1}},
			{a, reaction.None, reaction.Counts{Like: 1}},
			{b, reaction.Sad, reaction.Counts{Sad: 1}},
			{a, reaction.Angry, reaction.Counts{Sad: 1, Angry: 1}},
		} {
			if got := set(t, x, 77, step.reader, step.kind); got != step.want {
				t.Errorf("step %d: Set answered %+v, want %+v", i, got, step.want)
			}
			if got, err := x.Mine(t.Context(), 77, step.reader); got != step.kind || err != nil {
				t.Errorf("step %d: Mine = %q, %v; want %q", i, got, err, step.kind)
			}
			if got, err := x.Counts(t.Context(), 77); got != step.want || err != nil {
				t.Errorf("step %d: Counts = %+v, %v; want %+v", i, got, err, step.want)
			}
		}
		if k, err := x.Mine(t.Context(), 78, a); k != reaction.None || err != nil {
			t.Errorf("Mine at another story = %q, %v", k, err)
		}
		if c, err := x.Counts(t.Context(), 78); c != (reaction.Counts{}) || err != nil {
			t.Errorf("Counts of another story = %+v, %v", c, err)
		}
		checkSums(t, d)
	})
}

// What Set does must be what a map does, whatever stands in one batch and in which order.
func TestBatchesEqualAMap(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		next := db.ID(1) // each run has stories of its own
		rapid.Check(t, func(r *rapid.T) {
			stories := []db.ID{next, next + 1, next + 2}
			next += 3
			readers := make([]reaction.Reader, 4)
			for i := range readers {
				readers[i] = reaction.NewReader()
			}
			type place struct{ story, reader int }
			model := make(map[place]reaction.Kind)
			for range rapid.IntRange(1, 4).Draw(r, "batches") {
				x := reaction.New(reaction.Options{DB: d, Key: key})
				told := make(map[db.ID]reaction.Counts)
				x.Watch(func(s db.ID, c reaction.Counts) { told[s] = c })
				before := make(map[db.ID]reaction.Counts)
				counts := func() map[db.ID]reaction.Counts {
					m := make(map[db.ID]reaction.Counts)
					for i, s := range stories {
						of := make(map[int]reaction.Kind)
						for at, k := range model {
							if at.story == i {
								of[at.reader] = k
							}
						}
						m[s] = count(of)
					}
					return m
				}
				before = counts()
				var got []<-chan answer
				var at []place
				for range rapid.IntRange(1, 12).Draw(r, "requests") {
					p := place{rapid.IntRange(0, 2).Draw(r, "story"), rapid.IntRange(0, 3).Draw(r, "reader")}
					k := rapid.SampledFrom(append(reaction.Kinds[:], reaction.None)).Draw(r, "kind")
					got = append(got, queue(t, x, stories[p.story], readers[p.reader], home, k))
					at = append(at, p)
					model[p] = k
				}
				run(t, x)()
				after := counts()
				for i, c := range got {
					if a := await(t, c); a.err != nil || a.counts != after[stories[at[i].story]] {
						r.Fatalf("request %d answered %+v, %v; want %+v", i, a.counts, a.err, after[stories[at[i].story]])
					}
				}
				for s, c := range after {
					if heard, ok := told[s]; ok != (c != before[s]) || ok && heard != c {
						r.Fatalf("story %d went from %+v to %+v, the watcher was told %v %+v", s, before[s], c, ok, heard)
					}
				}
				for p, k := range model {
					if got, err := x.Mine(t.Context(), stories[p.story], readers[p.reader]); got != k || err != nil {
						r.Fatalf("Mine(%v) = %q, %v; want %q", p, got, err, k)
					}
				}
				all, err := x.CountsOf(t.Context(), stories...)
				if err != nil {
					r.Fatal(err)
				}
				for _, s := range stories {
					if all[s] != after[s] {
						r.Fatalf("CountsOf[%d] = %+v, want %+v", s, all[s], after[s])
					}
				}
			}
			s := read(t, d)
			for i, story := range stories {
				of := make(map[int]reaction.Kind)
				for p, k := range model {
					if p.story == i && k != reaction.None {
						of[p.reader] = k
					}
				}
				if len(s.rows[story]) != len(of) || s.sums[story] != count(of) {
					r.Fatalf("story %d has %d rows and sums %+v, want %d and %+v", story, len(s.rows[story]), s.sums[story], len(of), count(of))
				}
			}
		})
		checkSums(t, d)
	})
}

// 64 clients at once, and on PostgreSQL two nodes: each client's last acknowledged word is what is stored.
func TestManyClientsAtOnce(t *testing.T) {
	const clients, rounds, stories = 64, 25, 3
	check := func(t *testing.T, nodes ...*db.DB) {
		var xs []*reaction.Reactions
		for _, d := range nodes {
			x := reaction.New(reaction.Options{DB: d, Key: key})
			run(t, x)
			xs = append(xs, x)
		}
		final := make([]map[[16]byte]reaction.Kind, stories)
		for i := range final {
			final[i] = make(map[[16]byte]reaction.Kind)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for c := range clients {
			wg.Go(func() {
				mine := make([]reaction.Kind, stories)
				r := reaction.NewReader()
				for i := range rounds {
					s := (c + i) % stories
					k := append(reaction.Kinds[:], reaction.None)[(c*7+i*3)%5]
					x := xs[(c+i)%len(xs)]
					counts, err := x.Set(t.Context(), db.ID(s+1), r, home, k)
					if err != nil {
						t.Errorf("client %d: %v", c, err)
						return
					}
					if k != reaction.None && counts.Of(k) < 1 {
						t.Errorf("client %d set %q and was answered %+v", c, k, counts)
					}
					mine[s] = k
				}
				mu.Lock()
				defer mu.Unlock()
				for s, k := range mine {
					if k != reaction.None {
						final[s][hash(r, db.ID(s+1))] = k
					}
				}
			})
		}
		wg.Wait()
		got := checkSums(t, nodes[0])
		for s, want := range final {
			if diff := cmp.Diff(want, got.rows[db.ID(s+1)]); diff != "" {
				t.Errorf("story %d (-acknowledged +stored):\n%s", s+1, diff)
			}
		}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) { check(t, d) })
	t.Run("two nodes", func(t *testing.T) {
		a, b := dbtest.Two(t)
		check(t, a, b)
	})
}

// hash computes what the table knows a reader by, independently: it may never change, or readers lose their own.
func hash(r reaction.Reader, story db.ID) [16]byte {
	m := hmac.New(sha256.New, key)
	m.Write(r[:])
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(story)))
	return [16]byte(m.Sum(nil))
}

// What is stored tells neither the token nor that two stories have a reader in common.
func TestRowsOfOneReaderCannotBeJoined(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := reaction.New(reaction.Options{DB: d, Key: key})
		run(t, x)
		r := reaction.NewReader()
		set(t, x, 1, r, reaction.Like)
		set(t, x, 2, r, reaction.Like)
		s := read(t, d)
		for story := db.ID(1); story <= 2; story++ {
			want := map[[16]byte]reaction.Kind{hash(r, story): reaction.Like}
			if diff := cmp.Diff(want, s.rows[story]); diff != "" {
				t.Errorf("story %d (-want +stored):\n%s", story, diff)
			}
		}
		if hash(r, 1) == hash(r, 2) || hash(r, 1) == [16]byte(r) {
			t.Error("the hash does not hide the reader")
		}
		other := reaction.New(reaction.Options{DB: d, Key: []byte("another key of sixteen and more")})
		if k, err := other.Mine(t.Context(), 1, r); k != reaction.None || err != nil {
			t.Errorf("under another key Mine = %q, %v", k, err)
		}
	})
}

func TestFullQueueRefuses(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{})
	x := reaction.New(reaction.Options{DB: d, Key: key})
	got := make(chan answer, reaction.MaxQueued)
	for range reaction.MaxQueued {
		go func() {
			c, err := x.Set(context.Background(), 1, reaction.NewReader(), home, reaction.Like)
			got <- answer{c, err}
		}()
	}
	until(t, func() bool { return x.Waiting() == reaction.MaxQueued })
	_, err := x.Set(t.Context(), 1, reaction.NewReader(), home, reaction.Like)
	if f := fault.Of(err); f == nil || f.Kind != fault.Unavailable || f.Code != "reaction-busy" || f.RetryAfter <= 0 {
		t.Errorf("Set on a full queue: %#v", err)
	}
	run(t, x)
	for range reaction.MaxQueued {
		if a := await(t, got); a.err != nil {
			t.Fatalf("a queued reaction failed: %v", a.err)
		}
	}
	if s := checkSums(t, d); s.sums[1].Like != reaction.MaxQueued {
		t.Errorf("%d reactions are stored, want %d", s.sums[1].Like, reaction.MaxQueued)
	}
}

// One who goes away early neither takes others along nor comes out half counted.
func TestGoingAwayHarmsNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := reaction.New(reaction.Options{DB: d, Key: key})
		before := queue(t, x, 1, reaction.NewReader(), home, reaction.Like)
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := x.Set(ctx, 1, reaction.NewReader(), home, reaction.Sad)
			gone <- err
		}()
		until(t, func() bool { return x.Waiting() == 2 })
		after := queue(t, x, 1, reaction.NewReader(), home, reaction.More)
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("Set of a cancelled request: %v", err)
		}
		run(t, x)
		for _, got := range []<-chan answer{before, after} {
			if a := await(t, got); a.err != nil || a.counts != (reaction.Counts{Like: 1, Sad: 1, More: 1}) {
				t.Errorf("another request: %+v, %v", a.counts, a.err)
			}
		}
		checkSums(t, d)
	})
}

func TestStopCommitsWhatIsQueued(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := reaction.New(reaction.Options{DB: d, Key: key})
		var got []<-chan answer
		for range 2*reaction.MaxBatch + 1 {
			got = append(got, queue(t, x, 1, reaction.NewReader(), home, reaction.Like))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := x.Run(ctx); err != nil {
			t.Errorf("Run ended with %v", err)
		}
		for _, c := range got {
			if a := await(t, c); a.err != nil {
				t.Fatalf("a reaction queued before the stop: %v", a.err)
			}
		}
		_, err := x.Set(t.Context(), 1, reaction.NewReader(), home, reaction.Like)
		if f := fault.Of(err); f == nil || f.Kind != fault.Unavailable || f.Code != "reaction-stopping" {
			t.Errorf("Set after the stop: %#v", err)
		}
		if s := checkSums(t, d); s.sums[1].Like != int64(len(got)) {
			t.Errorf("%d reactions are stored, want %d", s.sums[1].Like, len(got))
		}
	})
}

// A table that a plan was made for when it was small is not scanned when it has grown.
func TestPostgreSQLNeverScans(t *testing.T) {
	url := dbtest.MigratedPostgresURL(t)
	open := func() *db.DB {
		d, err := db.Open(t.Context(), db.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	for range 12 { // a plan is kept from the sixth time on
		x := reaction.New(reaction.Options{DB: d, Key: key})
		var got []<-chan answer
		for range 60 {
			got = append(got, queue(t, x, 1, reaction.NewReader(), home, reaction.Like))
		}
		run(t, x)()
		for _, c := range got {
			if a := await(t, c); a.err != nil {
				t.Fatal(a.err)
			}
		}
	}
	if err := d.Close(); err != nil { // its connections tell what they did at their end
		t.Fatal(err)
	}
	d = open()
	defer d.Close()
	var scans, found int64
	until(t, func() bool {
		err := d.QueryRow(t.Context(), `SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'reaction'`).Scan(&scans, &found)
		if err != nil {
			t.Fatal(err)
		}
		return found > 0
	})
	if scans > 0 {
		t.Errorf("the table was scanned %d times, and looked up %d times", scans, found)
	}
}

// A commit that fails takes its own reactions with it and no other.
func TestFailedCommitFailsItsBatch(t *testing.T) {
	const poison = 666
	refuse := map[db.Dialect]string{
		db.SQLite:     `CREATE TRIGGER poison BEFORE INSERT ON reaction WHEN new.story = 666 BEGIN SELECT raise(ABORT, 'poisoned'); END`,
		db.PostgreSQL: `ALTER TABLE reaction ADD CONSTRAINT poison CHECK (story <> 666)`,
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), refuse[d.Dialect()])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		x := reaction.New(reaction.Options{DB: d, Key: key, NewPerHour4: 60})
		var first, second []<-chan answer
		for i := range reaction.MaxBatch {
			story := db.ID(1)
			if i == 100 {
				story = poison
			}
			first = append(first, queue(t, x, story, reaction.NewReader(), home, reaction.Like))
		}
		for range 50 {
			second = append(second, queue(t, x, 1, reaction.NewReader(), home, reaction.Like))
		}
		run(t, x)
		for i, c := range first {
			if a := await(t, c); a.err == nil {
				t.Fatalf("request %d of the failed commit was answered with success: %+v", i, a.counts)
			} else if fault.Of(a.err) != nil && fault.KindOf(a.err) != fault.Internal {
				t.Fatalf("request %d: %v is told as something that a caller can act on", i, a.err)
			}
		}
		for i, c := range second { // also: what failed does not use up the limit
			if a := await(t, c); a.err != nil || a.counts != (reaction.Counts{Like: 50}) {
				t.Fatalf("request %d of the next commit: %+v, %v", i, a.counts, a.err)
			}
		}
		if s := checkSums(t, d); len(s.rows[1]) != 50 || len(s.rows[poison]) != 0 {
			t.Errorf("%d and %d rows are stored, want 50 and 0", len(s.rows[1]), len(s.rows[poison]))
		}
	})
}

func TestFullDiskIsToldAndPasses(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{})
	pages := func(limit string) {
		t.Helper()
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			var n int64
			return tx.QueryRow(t.Context(), `PRAGMA max_page_count = `+limit).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	x := reaction.New(reaction.Options{DB: d, Key: key})
	run(t, x)
	pages("1") // that is: the pages there are
	var taken int64
	var err error
	for ; err == nil && taken < 10_000; taken++ {
		_, err = x.Set(t.Context(), 1, reaction.NewReader(), home, reaction.Like)
	}
	taken--
	if fault.KindOf(err) != fault.Full {
		t.Fatalf("after %d reactions on a full disk: %v", taken, err)
	}
	if c, err := x.Counts(t.Context(), 1); err != nil || c.Like != taken {
		t.Errorf("reading on a full disk: %+v, %v; want %d", c, err, taken)
	}
	pages("1000000")
	if c := set(t, x, 1, reaction.NewReader(), reaction.Like); c.Like != taken+1 {
		t.Errorf("with space again: %+v, want %d", c, taken+1)
	}
	checkSums(t, d)
}

func TestUnusableArguments(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{})
	x := reaction.New(reaction.Options{DB: d, Key: key})
	run(t, x)
	if _, err := x.Set(t.Context(), 1, reaction.NewReader(), home, "love"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an unknown kind: %v", err)
	}
	if _, err := x.Set(t.Context(), 0, reaction.NewReader(), home, reaction.Like); err == nil {
		t.Error("no story was taken for a story")
	}
	if _, err := x.Set(t.Context(), 1, reaction.Reader{}, home, reaction.Like); err == nil {
		t.Error("no reader was taken for a reader")
	}
	if s := read(t, d); len(s.rows) != 0 || len(s.sums) != 0 {
		t.Errorf("rows were made: %+v", s)
	}
	defer func() {
		if recover() == nil {
			t.Error("New took a key of 8 bytes")
		}
	}()
	reaction.New(reaction.Options{DB: d, Key: key[:8]})
}

func TestKindsAndCounts(t *testing.T) {
	c := reaction.Counts{Like: 1, Angry: 2, Sad: 3, More: 4}
	for i, k := range reaction.Kinds {
		if got, err := reaction.ParseKind(string(k)); got != k || err != nil {
			t.Errorf("ParseKind(%q) = %q, %v", k, got, err)
		}
		if c.Of(k) != int64(i+1) {
			t.Errorf("%+v.Of(%q) = %d", c, k, c.Of(k))
		}
	}
	if k, err := reaction.ParseKind(""); k != reaction.None || err != nil {
		t.Errorf("ParseKind of nothing = %q, %v", k, err)
	}
	if c.Of(reaction.None) != 0 {
		t.Error("None is counted")
	}
	b, err := json.Marshal(c)
	if want := `{"like":1,"angry":2,"sad":3,"more":4}`; string(b) != want || err != nil {
		t.Errorf("as JSON: %s, %v; want %s", b, err, want)
	}
}

func TestTokens(t *testing.T) {
	a, b := reaction.NewReader(), reaction.NewReader()
	if a == b {
		t.Error("two readers are one")
	}
	if got, ok := reaction.ParseToken(a.Token()); !ok || got != a {
		t.Errorf("ParseToken(Token()) = %v, %v", got == a, ok)
	}
	for _, s := range []string{fmt.Sprint(a), fmt.Sprintf("%v %+v", a, struct{ R reaction.Reader }{a}), slog.AnyValue(a).Resolve().String()} {
		if strings.Contains(s, a.Token()) || strings.Contains(s, fmt.Sprint(a[0])+" "+fmt.Sprint(a[1])) {
			t.Errorf("a log would show the secret: %s", s)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(reaction.NewReader().Token())
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("AAAAAAAAAAAAAAAAAAAAAB")
	f.Add("AAAAAAAAAA\nAAAAAAAAAAAQ")
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := reaction.ParseToken(s)
		if ok && r.Token() != s {
			t.Errorf("ParseToken took %q, which Token never makes", s)
		}
		if !ok && r != (reaction.Reader{}) {
			t.Errorf("ParseToken refused %q and returned a reader", s)
		}
	})
}
