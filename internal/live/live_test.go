package live_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sokbo/internal/live"
)

// event is one event of a stream as a browser takes it, or a retry on its own.
type event struct {
	kind  string
	id    uint64
	data  string
	retry time.Duration
}

// events reads a stream strictly: a line that the server should not send is an error.
type events struct{ lines *bufio.Reader }

func (e events) next() (event, error) {
	var ev event
	hasData := false
	for n := 0; ; n++ {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			if err == io.EOF && (n > 0 || line != "") {
				err = io.ErrUnexpectedEOF // torn
			}
			return ev, err
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			if !hasData && ev.retry == 0 {
				return ev, fmt.Errorf("an event without data: %+v", ev)
			}
			return ev, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "event" && ev.kind == "":
			ev.kind = value
		case field == "id" && ev.id == 0:
			if ev.id, err = strconv.ParseUint(value, 10, 64); err != nil {
				return ev, err
			}
		case field == "data" && !hasData:
			hasData, ev.data = true, value
		case field == "retry" && ev.retry == 0:
			ms, err := strconv.Atoi(value)
			if err != nil {
				return ev, err
			}
			ev.retry = time.Duration(ms) * time.Millisecond
		default:
			return ev, fmt.Errorf("unexpected line %q", line)
		}
	}
}

// client is one stream whose reading the test controls.
type client struct {
	t    *testing.T
	conn net.Conn
	resp *http.Response
	events
}

// next returns the next event, which must come.
func (c *client) next() event {
	c.t.Helper()
	ev, err := c.events.next()
	if err != nil {
		c.t.Fatalf("reading the stream: %v", err)
	}
	return ev
}

// nextButBeat returns the next event that is not a beat.
func (c *client) nextButBeat() event {
	c.t.Helper()
	for {
		if ev := c.next(); ev.kind != "beat" {
			return ev
		}
	}
}

// want reads the next event and compares it. Beats count only where one is wanted.
func (c *client) want(kind string, id uint64, data string) {
	c.t.Helper()
	next := c.nextButBeat
	if kind == "beat" {
		next = c.next
	}
	if got, want := next(), (event{kind: kind, id: id, data: data}); got != want {
		c.t.Fatalf("got %+v, want %+v", got, want)
	}
}

// wantRetry reads a retry between the two.
func (c *client) wantRetry(least, most time.Duration) {
	c.t.Helper()
	if got := c.next(); got.kind != "" || got.retry < least || got.retry > most {
		c.t.Fatalf("got %+v, want a retry between %v and %v", got, least, most)
	}
}

// wantEnd reads the end of the stream, which must not tear an event.
func (c *client) wantEnd() {
	c.t.Helper()
	if ev, err := c.events.next(); err != io.EOF {
		c.t.Fatalf("got %+v, %v, want the end", ev, err)
	}
}

// pipes is a listener whose connections are pipes inside the process, without buffers and on the bubble's clock.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newPipes() *pipes {
	done := make(chan struct{})
	return &pipes{make(chan net.Conn), done, sync.OnceFunc(func() { close(done) })}
}

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// handler serves a hub the way that the site does.
func handler(t *testing.T, hub *live.Hub) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := hub.Serve(w, r, strings.Split(r.FormValue("topics"), ",")); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// house is a server of one hub on pipes.
type house struct {
	t     *testing.T
	hub   *live.Hub
	pipes *pipes
}

// inside runs f in a bubble with a hub behind a server whose own limits would end any stream.
func inside(t *testing.T, o live.Options, f func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{t, live.NewHub(o), newPipes()}
		server := &http.Server{
			Handler:      handler(t, h.hub),
			ReadTimeout:  30 * time.Second,
			WriteTimeout: 30 * time.Second,
		}
		go server.Serve(h.pipes)
		defer server.Close()
		f(t, h)
	})
}

// open asks for topics and reads the head of the answer.
func (h *house) open(topics string, headers ...string) *client {
	h.t.Helper()
	conn := h.pipes.dial()
	h.t.Cleanup(func() { conn.Close() })
	head := "GET /live?topics=" + topics + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(headers, "\r\n") + "\r\n"
	if len(headers) > 0 {
		head += "\r\n"
	}
	if _, err := io.WriteString(conn, head); err != nil {
		h.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		h.t.Fatalf("status %d, want 200 always", resp.StatusCode)
	}
	return &client{h.t, conn, resp, events{bufio.NewReader(resp.Body)}}
}

// follow opens and reads past the first retry.
func (h *house) follow(topics string) *client {
	h.t.Helper()
	c := h.open(topics)
	c.wantRetry(time.Second, 3*time.Second)
	return c
}

func publish(t *testing.T, topic *live.Topic, snapshot, update string) {
	t.Helper()
	var u []byte
	if update != "" {
		u = []byte(update)
	}
	if err := topic.Publish([]byte(snapshot), u); err != nil {
		t.Fatal(err)
	}
}

func TestStreamBeginsWithSnapshots(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		a, b := h.hub.Topic("a"), h.hub.Topic("b")
		publish(t, a, `{"a":1}`, "")
		publish(t, a, `{"a":2}`, `{"to":2}`)
		c := h.open("a,b")
		for name, want := range map[string]string{
			"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no",
		} {
			if got := c.resp.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if !c.resp.Close {
			t.Error("the connection is kept for other requests")
		}
		c.wantRetry(time.Second, 3*time.Second)
		c.want("snapshot", 2, `{"a":2}`)
		publish(t, b, `{"b":1}`, `{"to":1}`) // its first state: there is nothing to update
		c.want("snapshot", 1, `{"b":1}`)
		publish(t, a, `{"a":3}`, `{"to":3}`)
		c.want("update", 3, `{"to":3}`)
		publish(t, a, `{"a":4}`, "")
		c.want("snapshot", 4, `{"a":4}`)
		publish(t, b, `{"b":2}`, `{"to":2}`)
		c.want("update", 2, `{"to":2}`)
	})
}

func TestFarBehindGetsNewestSnapshot(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		topic := h.hub.Topic("a")
		publish(t, topic, "s1", "")
		c := h.follow("a")
		c.want("snapshot", 1, "s1")
		publish(t, topic, "s2", "u2")
		synctest.Wait() // the server is inside the write of u2
		for n := 3; n <= 9; n++ {
			publish(t, topic, fmt.Sprint("s", n), fmt.Sprint("u", n))
		}
		c.want("update", 2, "u2")
		c.want("snapshot", 9, "s9")
		publish(t, topic, "s10", "u10")
		c.want("update", 10, "u10")
	})
}

func TestTopicsUnknownRepeatedAndTooMany(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		var names []string
		for n := range live.MaxTopics + 1 {
			name := fmt.Sprint("t", n)
			publish(t, h.hub.Topic(name), name, "")
			names = append(names, name, "no."+name, name)
		}
		c := h.follow(strings.Join(names, ","))
		for n := range live.MaxTopics {
			c.want("snapshot", 1, fmt.Sprint("t", n))
		}
		publish(t, h.hub.Topic(fmt.Sprint("t", live.MaxTopics)), "beyond", "")
		publish(t, h.hub.Topic("t0"), "s2", "u2")
		c.want("update", 2, "u2")
	})
}

func TestBeatAfterSilence(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		topic := h.hub.Topic("a")
		publish(t, topic, "s1", "")
		c := h.follow("a")
		c.want("snapshot", 1, "s1")
		// Longer than any limit of the server, and no two words further apart than a page bears.
		for range 20 {
			before := time.Now()
			c.want("beat", 0, "")
			if d := time.Since(before); d < 15*time.Second || d > 16*time.Second {
				t.Fatalf("a beat after %v, want 15 s to 16 s", d)
			}
		}
		time.Sleep(10 * time.Second)
		publish(t, topic, "s2", "u2")
		c.want("update", 2, "u2")
		before := time.Now()
		c.want("beat", 0, "")
		if d := time.Since(before); d < 15*time.Second {
			t.Fatalf("a beat %v after a frame, want 15 s of silence", d)
		}
	})
}

func TestStuckReaderIsCutAndCostsNobodyAnything(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		topic := h.hub.Topic("a")
		publish(t, topic, "s1", "")
		stuck, well := h.follow("a"), h.follow("a")
		stuck.want("snapshot", 1, "s1")
		well.want("snapshot", 1, "s1")
		start := time.Now()
		for n := uint64(2); h.hub.Readers() == 2; n++ {
			publish(t, topic, fmt.Sprint("s", n), fmt.Sprint("u", n))
			before := time.Now()
			well.want("update", n, fmt.Sprint("u", n))
			if d := time.Since(before); d != 0 {
				t.Fatalf("the well reader waited %v for frame %d", d, n)
			}
			time.Sleep(500 * time.Millisecond)
		}
		if d := time.Since(start); d < 10*time.Second || d > 11*time.Second {
			t.Errorf("cut after %v, want 10 s", d)
		}
		if _, err := io.Copy(io.Discard, stuck.conn); err != nil {
			t.Errorf("the stuck reader's connection: %v, want its end", err)
		}
	})
}

func TestReaderWhoGoesIsForgotten(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		topic := h.hub.Topic("a")
		publish(t, topic, "s1", "")
		var all []*client
		for range 5 {
			all = append(all, h.follow("a"))
		}
		for left, i := range []int{2, 0, 4} {
			all[i].conn.Close()
			synctest.Wait()
			if got, want := h.hub.Readers(), 4-left; got != want {
				t.Fatalf("%d readers, want %d", got, want)
			}
		}
		publish(t, topic, "s2", "u2")
		for _, i := range []int{1, 3} {
			all[i].want("snapshot", 1, "s1")
			all[i].want("update", 2, "u2")
		}
	})
}

func TestOverloadIsToldInBand(t *testing.T) {
	o := live.Options{
		Max: 20, PerAddress4: 3, PerAddress6: 2,
		Address: func(r *http.Request) netip.Addr {
			a, _ := netip.ParseAddr(r.Header.Get("From"))
			return a
		},
		Desk: func(r *http.Request) bool { return r.Header.Get("Desk") != "" },
	}
	inside(t, o, func(t *testing.T, h *house) {
		publish(t, h.hub.Topic("a"), "s1", "")
		taken := func(headers ...string) *client {
			t.Helper()
			c := h.open("a", headers...)
			c.wantRetry(time.Second, 3*time.Second)
			c.want("snapshot", 1, "s1")
			return c
		}
		refused := func(headers ...string) {
			t.Helper()
			readers := h.hub.Readers()
			c := h.open("a", headers...)
			c.wantRetry(time.Minute, 2*time.Minute)
			c.wantEnd()
			if got := h.hub.Readers(); got != readers {
				t.Fatalf("%d readers after a refusal, want %d", got, readers)
			}
		}
		taken("From: 192.0.2.1")
		taken("From: ::ffff:192.0.2.1") // the same reader
		third := taken("From: 192.0.2.1")
		refused("From: 192.0.2.1")
		third.conn.Close()
		synctest.Wait()
		taken("From: 192.0.2.1")
		refused("From: 192.0.2.1")
		taken("From: 192.0.2.2")

		taken("From: 2001:db8::1")
		taken("From: 2001:db8::ffff:0:0:1")
		refused("From: 2001:db8::2")
		taken("From: 2001:db8:0:1::1")

		for h.hub.Readers() < 18 {
			taken("From: nobody")
		}
		refused("From: nobody")
		refused("From: 192.0.2.3")
		taken("Desk: 1")
		taken("Desk: 1")
		refused("Desk: 1")
	})
}

func TestCloseTellsAllToComeBack(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		publish(t, h.hub.Topic("a"), "s1", "")
		var all []*client
		for range 50 {
			c := h.follow("a")
			c.want("snapshot", 1, "s1")
			all = append(all, c)
		}
		closed := make(chan error)
		go func() { closed <- h.hub.Close(t.Context()) }()
		var least, most time.Duration = time.Hour, 0
		for _, c := range all {
			ev := c.next()
			least, most = min(least, ev.retry), max(most, ev.retry)
			c.wantEnd()
		}
		if least < time.Second || most > 15*time.Second || most-least < 5*time.Second {
			t.Errorf("readers come back after %v to %v, want them spread over 1 s to 15 s", least, most)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		late := h.open("a")
		late.wantRetry(time.Second, 15*time.Second)
		late.wantEnd()
		if err := h.hub.Close(t.Context()); err != nil {
			t.Errorf("Close again: %v", err)
		}
	})
}

func TestCloseDoesNotWaitForStuckReaders(t *testing.T) {
	inside(t, live.Options{}, func(t *testing.T, h *house) {
		publish(t, h.hub.Topic("a"), "s1", "")
		h.open("a") // reads the head and nothing else
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := h.hub.Close(ctx); err != context.DeadlineExceeded {
			t.Errorf("Close: %v, want its deadline", err)
		}
		time.Sleep(8 * time.Second)
		if n := h.hub.Readers(); n != 0 {
			t.Errorf("%d readers after the write deadline, want 0", n)
		}
	})
}

func TestRetryGrowsWithReaders(t *testing.T) {
	for readers, want := range map[int]time.Duration{
		0: 3 * time.Second, 15_000: 3 * time.Second, 16_000: 3200 * time.Millisecond, 100_000: 20 * time.Second,
	} {
		if got := live.RetryWithin(readers); got != want {
			t.Errorf("%d readers come back within %v, want %v", readers, got, want)
		}
	}
}
