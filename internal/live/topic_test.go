package live_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sokbo/internal/fault"
	"sokbo/internal/live"
)

func TestPaceKeepsTheNewest(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		topic := h.hub.Topic("a").Pace(time.Second)
		publish(t, topic, "s1", "")
		c := h.follow("a")
		c.want("snapshot", 1, "s1")
		start := time.Now()
		publish(t, topic, "s2", "u2") // alone until its time: the update still leads there
		c.want("update", 2, "u2")
		for n := 3; n <= 50; n++ {
			publish(t, topic, fmt.Sprint("s", n), fmt.Sprint("u", n))
		}
		c.want("snapshot", 3, "s50")
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("two more frames after %v, want 2 s", d)
		}
		time.Sleep(time.Second)
		start = time.Now()
		publish(t, topic, "s51", "u51")
		c.want("update", 4, "u51")
		if d := time.Since(start); d != 0 {
			t.Errorf("a frame waited %v though its time had come", d)
		}
	})
}

// source is what articles are loaded from in these tests.
type source struct {
	loads atomic.Int64
	state atomic.Pointer[string]
	err   atomic.Pointer[error]
	wait  chan struct{} // a load ends when it can receive
}

func (s *source) set(state string) { s.state.Store(&state) }
func (s *source) fail(err error)   { s.err.Store(&err) }

func (s *source) resolve(name string) (func(context.Context) ([]byte, error), bool) {
	number, ok := strings.CutPrefix(name, "article.")
	return func(ctx context.Context) ([]byte, error) {
		s.loads.Add(1)
		state := *s.state.Load() // as a query sees what was there when it began
		if s.wait != nil {
			select {
			case <-s.wait:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if err := s.err.Load(); err != nil && *err != nil {
			return nil, *err
		}
		return []byte(number + " " + state), nil
	}, ok
}

func TestManyOpenersOneLoad(t *testing.T) {
	s := &source{}
	s.set("one")
	inside(t, live.Options{Resolve: s.resolve}, func(t *testing.T, h *house) {
		s.wait = make(chan struct{})
		publish(t, h.hub.Topic("site"), "site", "")
		var all []*client
		for range 20 {
			c := h.follow("article.7,other.7,site")
			c.want("snapshot", 1, "site") // does not wait for the article
			all = append(all, c)
		}
		s.wait <- struct{}{}
		for _, c := range all {
			c.want("snapshot", 1, "7 one")
		}
		if n := s.loads.Load(); n != 1 {
			t.Errorf("%d loads for 20 openers, want 1", n)
		}
		late := h.follow("article.7")
		late.want("snapshot", 1, "7 one")
		if n := s.loads.Load(); n != 1 {
			t.Errorf("%d loads after one more opener, want 1", n)
		}
	})
}

func TestUnreadTopicsAreDropped(t *testing.T) {
	s := &source{}
	s.set("one")
	inside(t, live.Options{Resolve: s.resolve}, func(t *testing.T, h *house) {
		hear := func(want string) {
			t.Helper()
			c := h.follow("article.7")
			c.want("snapshot", 1, want)
			c.conn.Close()
			synctest.Wait()
		}
		hear("7 one")
		if err := h.hub.PublishIfOpen("article.7", []byte("published to nobody"), nil); err != nil {
			t.Fatal(err)
		}
		h.hub.Refresh("article.7")
		synctest.Wait()
		if n := s.loads.Load(); n != 1 {
			t.Fatalf("%d loads, want 1: nobody reads", n)
		}
		s.set("two")
		hear("7 two")
		if n := testing.AllocsPerRun(100, func() {
			h.hub.PublishIfOpen("article.7", nil, nil)
			h.hub.Refresh("article.7")
		}); n != 0 {
			t.Errorf("%v allocations to publish to nobody, want none", n)
		}
	})
}

func TestRefreshLoadsAtThePace(t *testing.T) {
	s := &source{}
	s.set("0")
	inside(t, live.Options{Resolve: s.resolve}, func(t *testing.T, h *house) {
		c := h.follow("article.7")
		c.want("snapshot", 1, "7 0")
		start := time.Now()
		go func() {
			for n := 1; n <= 1000; n++ {
				s.set(fmt.Sprint(n))
				h.hub.Refresh("article.7")
				time.Sleep(10 * time.Millisecond)
			}
		}()
		var last event
		for seq := uint64(2); last.data != "7 1000"; seq++ {
			last = c.next()
			if last.kind != "update" || last.id != seq {
				t.Fatalf("got %+v, want update %d", last, seq)
			}
		}
		if d := time.Since(start); d > 11*time.Second {
			t.Errorf("the last state after %v, want within a second of it", d)
		}
		if n := s.loads.Load(); n > 12 {
			t.Errorf("%d loads in 10 s, want one a second", n)
		}
		h.hub.Refresh("article.7") // nothing changed
		time.Sleep(5 * time.Second)
		s.set("end")
		h.hub.Refresh("article.7")
		c.want("update", last.id+1, "7 end")
	})
}

// A change during a load may be missing in what it brings.
func TestRefreshDuringLoadLoadsAgain(t *testing.T) {
	s := &source{}
	s.set("old")
	inside(t, live.Options{Resolve: s.resolve}, func(t *testing.T, h *house) {
		s.wait = make(chan struct{})
		c := h.follow("article.7")
		synctest.Wait()
		s.set("new")
		h.hub.Refresh("article.7")
		s.wait <- struct{}{}
		c.want("snapshot", 1, "7 old")
		s.wait <- struct{}{}
		c.want("update", 2, "7 new")
	})
}

func TestPublishedBeatsLoaded(t *testing.T) {
	s := &source{}
	s.set("old")
	inside(t, live.Options{Resolve: s.resolve}, func(t *testing.T, h *house) {
		s.wait = make(chan struct{})
		c := h.follow("article.7")
		synctest.Wait() // the load has begun
		if err := h.hub.PublishIfOpen("article.7", []byte("published"), nil); err != nil {
			t.Fatal(err)
		}
		s.wait <- struct{}{}
		c.want("snapshot", 1, "published")
		c.want("beat", 0, "")
	})
}

func TestLoadThatFails(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int64 // loads in 12 s
	}{
		{fault.New(fault.NotFound, "article", "no such article"), 1},
		{fault.New(fault.Gone, "article", "withdrawn"), 1},
		{errors.New("database away"), 3},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			s := &source{}
			s.set("one")
			s.fail(test.err)
			o := live.Options{Resolve: s.resolve, Log: slog.New(slog.DiscardHandler)}
			inside(t, o, func(t *testing.T, h *house) {
				c := h.follow("article.7")
				time.Sleep(12 * time.Second)
				if n := s.loads.Load(); n != test.want {
					t.Errorf("%d loads in 12 s, want %d", n, test.want)
				}
				s.fail(nil)
				if test.want == 1 {
					h.follow("article.7").want("snapshot", 1, "7 one") // asks again
				}
				c.want("snapshot", 1, "7 one")
			})
		})
	}
}

func TestLoadThatHangsOrPanics(t *testing.T) {
	var loads atomic.Int64
	resolve := func(string) (func(context.Context) ([]byte, error), bool) {
		return func(ctx context.Context) ([]byte, error) {
			switch loads.Add(1) {
			case 1:
				<-ctx.Done()
				return nil, ctx.Err()
			case 2:
				panic("a defect")
			case 3:
				return []byte("two\nlines"), nil
			}
			return []byte("at last"), nil
		}, true
	}
	o := live.Options{Resolve: resolve, Log: slog.New(slog.DiscardHandler)}
	inside(t, o, func(t *testing.T, h *house) {
		h.follow("a").want("snapshot", 1, "at last")
	})
}

// recorder is a response that is read while it is written.
type recorder struct {
	http.ResponseWriter
	header http.Header
	body   bytes.Buffer
	until  int // events after which the reader goes
	gone   context.CancelFunc
}

func (r *recorder) Header() http.Header              { return r.header }
func (r *recorder) SetReadDeadline(time.Time) error  { return nil }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }
func (r *recorder) FlushError() error                { return nil }
func (r *recorder) Write(frame []byte) (int, error) {
	if r.until--; r.until == 0 {
		r.gone()
	}
	return r.body.Write(frame)
}

// Whatever is published arrives as it was or is refused: no data becomes a line of the stream.
func FuzzPublish(f *testing.F) {
	f.Add([]byte(`{"topic":"board.crypto","name":"비트코인"}`))
	f.Add([]byte("x\nevent: beat"))
	f.Add([]byte("x\r\ndata: y"))
	f.Add([]byte("\x00"))
	f.Add([]byte(" leading"))
	f.Add([]byte("\xff"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		hub := live.NewHub(live.Options{})
		topic := hub.Topic("a")
		err := topic.Publish(data, data)
		if bytes.ContainsAny(data, "\r\n\x00") || len(data) == 0 {
			if fault.CodeOf(err) != "live-data" {
				t.Fatalf("Publish(%q): %v, want live-data", data, err)
			}
		}
		if err != nil {
			if topic.Publish([]byte("ok"), data) == nil && data != nil {
				t.Fatalf("%q is refused as a snapshot and taken as an update", data)
			}
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "GET", "/live", nil)
		w := &recorder{header: http.Header{}, until: 2, gone: cancel}
		if err := hub.Serve(w, r, []string{"a"}); err != nil {
			t.Fatal(err)
		}
		stream := events{bufio.NewReader(&w.body)}
		if ev, err := stream.next(); err != nil || ev.retry == 0 {
			t.Fatalf("got %+v, %v, want a retry", ev, err)
		}
		// A browser takes one space after the colon away; the encoder writes one.
		if ev, err := stream.next(); err != nil || ev.data != string(data) || ev.id != 1 || ev.kind != "snapshot" {
			t.Fatalf("published %q, got %+v, %v", data, ev, err)
		}
		if w.body.Len() > 0 {
			t.Fatalf("after the event stands %q", w.body.Bytes())
		}
	})
}

// A wrapper without Unwrap around the writer is a defect that must not go unseen.
func TestWriterWithoutDeadlines(t *testing.T) {
	hub := live.NewHub(live.Options{})
	w := struct{ http.ResponseWriter }{&recorder{header: http.Header{}}}
	r, _ := http.NewRequest("GET", "/live", nil)
	if err := hub.Serve(w, r, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Fatalf("Serve: %v, want ErrUnsupported", err)
	}
}
