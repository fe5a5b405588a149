package page_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sokbo/internal/fault"
	"sokbo/internal/page"
)

// An asked is a request under way.
type asked struct {
	body string
	err  error
	done chan struct{}
}

// ask begins a request and returns when it has been answered or waits for a rendering. It needs a bubble.
func ask(ctx context.Context, c *page.Cache, target string, render page.Render) *asked {
	a := &asked{done: make(chan struct{})}
	go func() {
		defer close(a.done)
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", target, nil)
		if !c.Lookup(w, r) {
			a.err = c.Serve(w, r, render)
		}
		a.body = w.Body.String()
	}()
	synctest.Wait()
	return a
}

func (a *asked) wants(t *testing.T, body string) {
	t.Helper()
	<-a.done
	if a.err != nil || a.body != body {
		t.Errorf("%q, %v; want %q", a.body, a.err, body)
	}
}

// An origin is a value that pages show, and renderings that can be held up after they have read it.
type origin struct {
	value   atomic.Int64
	renders atomic.Int64
	hold    chan struct{} // nil: renderings are not held up
	alive   bool
	err     error
}

func (o *origin) render(ctx context.Context, r *http.Request) (page.Page, error) {
	o.renders.Add(1)
	body := strconv.FormatInt(o.value.Load(), 10)
	if o.err != nil {
		return page.Page{}, o.err
	}
	if o.hold != nil {
		<-o.hold
	}
	return page.Page{Body: []byte(body), Tags: []string{"value"}, Alive: o.alive}, nil
}

func TestReadersShareARendering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{hold: make(chan struct{})}
		c := page.New(page.Options{})
		var all []*asked
		for range 16 {
			all = append(all, ask(t.Context(), c, "/", o.render))
		}
		close(o.hold)
		for _, a := range all {
			a.wants(t, "0")
		}
		if n := o.renders.Load(); n != 1 {
			t.Errorf("%d renderings for 16 readers at once", n)
		}
	})
}

func TestADropDuringARendering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{hold: make(chan struct{})}
		c := page.New(page.Options{})
		before := ask(t.Context(), c, "/", o.render) // has read 0
		o.value.Store(1)
		c.Drop([]string{"value"})
		after := ask(t.Context(), c, "/", o.render)
		o.hold <- struct{}{}
		o.hold <- struct{}{}
		before.wants(t, "0") // it began before
		after.wants(t, "1")
		ask(t.Context(), c, "/", o.render).wants(t, "1")
		if n := o.renders.Load(); n != 2 {
			t.Errorf("%d renderings; the second one was to be kept", n)
		}
	})
}

func TestAnOldRenderingIsNotKept(t *testing.T) {
	for name, drop := range map[string]func(*page.Cache){
		"by its tag":  func(c *page.Cache) { c.Drop([]string{"other", "value"}) },
		"all":         (*page.Cache).Reset,
		"at a moment": func(c *page.Cache) { c.DropAt(time.Now(), []string{"value"}) },
		"among many": func(c *page.Cache) {
			c.Drop([]string{"value"})
			for i := range 10_000 {
				c.Drop([]string{"story:" + strconv.Itoa(i)})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &origin{hold: make(chan struct{})}
				c := page.New(page.Options{})
				a := ask(t.Context(), c, "/", o.render)
				o.value.Store(1)
				drop(c)
				close(o.hold)
				a.wants(t, "0")
				ask(t.Context(), c, "/", o.render).wants(t, "1")
			})
		})
	}
}

func TestARenderingIsKeptWhenOthersAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{hold: make(chan struct{})}
		c := page.New(page.Options{})
		a := ask(t.Context(), c, "/", o.render)
		c.Drop([]string{"other"})
		close(o.hold)
		a.wants(t, "0")
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		if n := o.renders.Load(); n != 1 {
			t.Errorf("%d renderings", n)
		}
	})
}

// Of two renderings of one page, the one that began later stays, whichever ends first.
func TestTheLaterRenderingStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, quick := &origin{hold: make(chan struct{})}, &origin{}
		c := page.New(page.Options{})
		first := ask(t.Context(), c, "/", slow.render)
		c.Drop([]string{"other"})
		time.Sleep(time.Second)
		quick.value.Store(1)
		ask(t.Context(), c, "/", quick.render).wants(t, "1")
		close(slow.hold)
		first.wants(t, "0")
		ask(t.Context(), c, "/", quick.render).wants(t, "1")
	})
}

func TestAMomentThatFallsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{}
		c := page.New(page.Options{})
		due := time.Now().Add(time.Hour)
		c.DropAt(due, []string{"value"})
		c.DropAt(due, []string{"value"})
		c.DropAt(due.Add(time.Minute), []string{"value"})
		c.DropAt(due.Add(-time.Minute), []string{"other"})
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		c.Reset() // the moments stay
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		o.value.Store(1)
		time.Sleep(time.Hour - time.Millisecond)
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		time.Sleep(time.Millisecond)
		ask(t.Context(), c, "/", o.render).wants(t, "1")
		o.value.Store(2)
		ask(t.Context(), c, "/", o.render).wants(t, "1")
		time.Sleep(time.Minute)
		ask(t.Context(), c, "/", o.render).wants(t, "2")
		c.DropAt(time.Now(), []string{"value"}) // has come already
		o.value.Store(3)
		ask(t.Context(), c, "/", o.render).wants(t, "3")
	})
}

func TestARenderingAcrossAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{hold: make(chan struct{})}
		c := page.New(page.Options{})
		c.DropAt(time.Now().Add(time.Second), []string{"value"})
		before := ask(t.Context(), c, "/", o.render)
		time.Sleep(time.Second)
		o.value.Store(1)
		after := ask(t.Context(), c, "/", o.render) // begins at the moment: never the old bytes
		close(o.hold)
		before.wants(t, "0")
		after.wants(t, "1")
		ask(t.Context(), c, "/", o.render).wants(t, "1")
	})
}

// A clock set back behind a moment that has come would make a page whose end nothing would tell.
func TestAClockSetBackBehindAMoment(t *testing.T) {
	var now atomic.Int64
	now.Store(1_000_000)
	clock := func() time.Time { return time.UnixMilli(now.Load()) }
	s := newSite(page.Options{Now: clock}, func(context.Context, *http.Request) (page.Page, error) {
		return page.Page{Body: fmt.Append(nil, now.Load() >= 2_000_000), Tags: []string{"value"}}, nil
	})
	s.DropAt(time.UnixMilli(2_000_000), []string{"value"})
	for _, c := range []struct {
		now  int64
		want string
	}{{1_999_999, "false"}, {2_000_000, "true"}, {1_500_000, "true"}, {2_000_001, "true"}} {
		now.Store(c.now)
		if got := s.get(t, "/"); got != c.want {
			t.Errorf("at %d: %s; want %s", c.now, got, c.want)
		}
	}
	s.Reset()
	now.Store(1_500_000)
	s.get(t, "/")
	now.Store(2_500_000)
	if got := s.get(t, "/"); got != "true" {
		t.Error("a page from before the moment was kept after the clock was set back")
	}
}

// After the clock was set back nobody knows how old an alive page is.
func TestAClockSetBackBehindAnAlivePage(t *testing.T) {
	var now atomic.Int64
	o := &origin{alive: true}
	s := newSite(page.Options{Now: func() time.Time { return time.UnixMilli(now.Load()) }}, o.render)
	for i, at := range []int64{1_000_000, 500_000, 500_001} {
		now.Store(at)
		o.value.Store(int64(i))
		if got, want := s.get(t, "/"), strconv.Itoa(min(i, 1)); got != want {
			t.Errorf("at %d: %s; want %s", at, got, want)
		}
	}
}

func TestARenderingOutlivesItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{hold: make(chan struct{})}
		c := page.New(page.Options{})
		ctx, leave := context.WithCancel(t.Context())
		gone := ask(ctx, c, "/", o.render)
		stays := ask(t.Context(), c, "/", o.render)
		leave()
		if <-gone.done; !errors.Is(gone.err, context.Canceled) {
			t.Errorf("the reader who left is told %v", gone.err)
		}
		close(o.hold)
		stays.wants(t, "0")
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		if n := o.renders.Load(); n != 1 {
			t.Errorf("%d renderings", n)
		}
	})
}

func TestARenderingHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := page.New(page.Options{})
		start := time.Now()
		obeys := ask(t.Context(), c, "/a", func(ctx context.Context, r *http.Request) (page.Page, error) {
			<-ctx.Done()
			return page.Page{}, r.Context().Err()
		})
		end := make(chan struct{})
		ignores := ask(t.Context(), c, "/b", func(context.Context, *http.Request) (page.Page, error) {
			<-end
			return page.Page{}, nil
		})
		if <-obeys.done; !errors.Is(obeys.err, context.DeadlineExceeded) {
			t.Errorf("%v", obeys.err)
		}
		if <-ignores.done; fault.KindOf(ignores.err) != fault.Unavailable {
			t.Errorf("%v", ignores.err)
		}
		if took := time.Since(start); took != page.RenderTimeout {
			t.Errorf("waited %v", took)
		}
		ask(t.Context(), c, "/b", (&origin{}).render).wants(t, "0") // the next one does not wait for it
		close(end)
	})
}

func TestAnAlivePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{alive: true}
		c := page.New(page.Options{})
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		o.value.Store(1)
		time.Sleep(page.AliveFresh - time.Millisecond)
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		if n := o.renders.Load(); n != 1 {
			t.Fatalf("%d renderings of a fresh page", n)
		}

		time.Sleep(time.Millisecond)
		o.hold = make(chan struct{})
		for range 5 {
			ask(t.Context(), c, "/", nil).wants(t, "0") // old bytes while one rendering is under way
		}
		if n := o.renders.Load(); n != 2 {
			t.Fatalf("%d renderings; want one behind the page", n)
		}
		time.Sleep(page.AliveFresh) // it has not ended: there is no second one beside it
		ask(t.Context(), c, "/", nil).wants(t, "0")
		if n := o.renders.Load(); n != 2 {
			t.Fatalf("%d renderings; want the one that is under way", n)
		}
		close(o.hold)
		synctest.Wait()
		ask(t.Context(), c, "/", nil).wants(t, "1")

		time.Sleep(page.AliveMax)
		o.value.Store(2)
		ask(t.Context(), c, "/", nil).wants(t, "1") // exactly that old: still sent
		synctest.Wait()
		ask(t.Context(), c, "/", nil).wants(t, "2")

		o.value.Store(3)
		time.Sleep(page.AliveMax + time.Millisecond)
		ask(t.Context(), c, "/", o.render).wants(t, "3") // older: rendered first
	})
}

// A rendering behind a page that fails leaves the page, and is tried again after a while, not at once.
func TestAnAlivePageThatCannotBeRenderedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{alive: true}
		c := page.New(page.Options{Log: quiet})
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		o.err = errors.New("away")
		for range 3 {
			time.Sleep(page.AliveFresh)
			for range 5 {
				ask(t.Context(), c, "/", nil).wants(t, "0")
			}
		}
		if n := o.renders.Load(); n != 4 {
			t.Errorf("%d renderings in three times %v", n, page.AliveFresh)
		}
		time.Sleep(page.AliveMax)
		if a := ask(t.Context(), c, "/", o.render); !errors.Is(a.err, o.err) {
			t.Errorf("past its age: %q, %v", a.body, a.err)
		}
	})
}

func TestADropDuringARenderingBehindAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{alive: true}
		c := page.New(page.Options{})
		ask(t.Context(), c, "/", o.render).wants(t, "0")
		time.Sleep(page.AliveFresh)
		o.hold = make(chan struct{})
		ask(t.Context(), c, "/", nil).wants(t, "0")
		o.value.Store(1)
		c.Drop([]string{"value"})
		after := ask(t.Context(), c, "/", o.render)
		close(o.hold)
		after.wants(t, "1")
		synctest.Wait()
		ask(t.Context(), c, "/", nil).wants(t, "1")
	})
}

// Pages that no reader waits for take no more processors than there are, however many are asked for.
func TestRenderingsBehindPagesAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{alive: true}
		c := page.New(page.Options{})
		const pages = 100
		for i := range pages {
			ask(t.Context(), c, "/"+strconv.Itoa(i), o.render).wants(t, "0")
		}
		time.Sleep(page.AliveFresh)
		o.hold = make(chan struct{})
		for i := range pages {
			ask(t.Context(), c, "/"+strconv.Itoa(i), nil).wants(t, "0")
		}
		if behind := o.renders.Load() - pages; behind != int64(runtime.GOMAXPROCS(0)) {
			t.Errorf("%d renderings at once on %d processors", behind, runtime.GOMAXPROCS(0))
		}
		close(o.hold)
		synctest.Wait()
		for i := range pages { // the rest has not lost its turn
			ask(t.Context(), c, "/"+strconv.Itoa(i), nil).wants(t, "0")
		}
		if n := o.renders.Load(); n < 2*pages-int64(runtime.GOMAXPROCS(0)) {
			t.Errorf("%d renderings of %d pages, each old", n, pages)
		}
	})
}

// Sixteen clients read while two hundred values are published, half of them by a moment that falls due. A
// request that begins after a publishing was acknowledged must see its value or a later one.
func TestNothingOldAfterTheAcknowledgement(t *testing.T) {
	const clients, publishes, pages = 16, 200, 3
	for _, alive := range []bool{false, true} {
		t.Run(fmt.Sprintf("alive=%v", alive), func(t *testing.T) {
			var now atomic.Int64 // milliseconds
			o := &origin{alive: alive}
			render := func(ctx context.Context, r *http.Request) (page.Page, error) {
				p, err := o.render(ctx, r)
				for range 5 {
					runtime.Gosched() // between reading and keeping, publishings happen
				}
				return p, err
			}
			c := page.New(page.Options{Now: func() time.Time { return time.UnixMilli(now.Load()) }})
			var acknowledged, answers, hits, shared atomic.Int64
			var wg sync.WaitGroup
			end := make(chan struct{})
			for i := range clients {
				wg.Go(func() {
					r := httptest.NewRequest("GET", "/"+strconv.Itoa(i%pages), nil)
					for {
						select {
						case <-end:
							return
						default:
						}
						least := acknowledged.Load()
						w := httptest.NewRecorder()
						if c.Lookup(w, r) {
							hits.Add(1)
						} else if err := c.Serve(w, r, render); err != nil {
							t.Error(err)
							return
						}
						got, err := strconv.ParseInt(w.Body.String(), 10, 64)
						if err != nil || got < least {
							t.Errorf("answered %q after %d was acknowledged", w.Body, least)
							return
						}
						answers.Add(1)
					}
				})
			}
			for n := int64(1); n <= publishes; n++ {
				before := answers.Load()
				for answers.Load() < before+3*clients && !t.Failed() {
					runtime.Gosched()
				}
				if n%2 == 0 {
					o.value.Store(n)
					c.Drop([]string{"value"})
				} else { // it becomes visible with the clock, and nothing else tells
					due := now.Load() + page.AliveFresh.Milliseconds()
					c.DropAt(time.UnixMilli(due), []string{"value"})
					o.value.Store(n)
					now.Store(due)
				}
				acknowledged.Store(n)
			}
			close(end)
			wg.Wait()
			renders := o.renders.Load()
			shared.Store(answers.Load() - hits.Load() - renders)
			t.Logf("%d answers: %d hits, %d renderings, %d shared", answers.Load(), hits.Load(), renders, shared.Load())
			if hits.Load() < answers.Load()/2 {
				t.Errorf("%d hits of %d answers: nothing was put to the test", hits.Load(), answers.Load())
			}
		})
	}
}
