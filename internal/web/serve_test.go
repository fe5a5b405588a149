package web_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sokbo/internal/web"
)

// pipes is a listener whose connections are pipes, so that a bubble can count their time.
type pipes struct {
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

type pipe struct {
	net.Conn
	from net.Addr
}

func (p pipe) RemoteAddr() net.Addr { return p.from }

func newPipes() *pipes { return &pipes{accept: make(chan net.Conn), closed: make(chan struct{})} }

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns the client's end of a connection that comes from an address.
func (l *pipes) dial(from string) net.Conn {
	client, server := net.Pipe()
	l.accept <- pipe{server, &net.TCPAddr{IP: net.ParseIP(from), Port: 9}}
	return client
}

// served is a server in a bubble.
type served struct {
	*pipes
	stop   context.CancelFunc
	result chan error
}

func serve(t *testing.T, o web.Options) *served {
	t.Helper()
	o.Origin = origin(t, "http://localhost")
	o.Log, _ = logger()
	s, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	v := &served{newPipes(), stop, make(chan error, 1)}
	go func() { v.result <- s.Serve(ctx, v.pipes) }()
	return v
}

func (v *served) end(t *testing.T) {
	t.Helper()
	v.stop()
	if err := <-v.result; err != nil {
		t.Error(err)
	}
}

// exchange sends a request and reads its answer whole.
func exchange(c net.Conn, request string) (*http.Response, string, error) {
	go io.WriteString(c, request)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// closes returns how long it takes until the server ends a connection.
func closes(c net.Conn) time.Duration {
	begin := time.Now()
	io.Copy(io.Discard, c)
	return time.Since(begin)
}

func TestSlowClients(t *testing.T) {
	front := []web.Route{
		{Pattern: "GET /{$}", Rule: anyone, Handle: ok(strings.Repeat("x", 1<<20))},
		{Pattern: "POST /{$}", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			_, err := io.ReadAll(r.Body)
			return err
		}},
	}
	synctest.Test(t, func(t *testing.T) {
		v := serve(t, web.Options{Routes: front})
		silent := v.dial("192.0.2.1")
		if took := closes(silent); took != 5*time.Second {
			t.Errorf("a connection that sends nothing: %v", took)
		}
		header := v.dial("192.0.2.1")
		io.WriteString(header, "GET / HTTP/1.1\r\nHost: localhost\r\n")
		if took := closes(header); took != 5*time.Second {
			t.Errorf("half a header: %v", took)
		}
		body := v.dial("192.0.2.1")
		io.WriteString(body, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx")
		if took := closes(body); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("half a body: %v", took)
		}
		idle := v.dial("192.0.2.1")
		if resp, _, err := exchange(idle, "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil || resp.StatusCode != 404 {
			t.Fatalf("%v, %v", resp, err)
		}
		if took := closes(idle); took != time.Minute {
			t.Errorf("a connection that asks no more: %v", took)
		}
		reads := v.dial("192.0.2.1") // nothing of its answer
		io.WriteString(reads, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		time.Sleep(31 * time.Second)
		if n, err := io.Copy(io.Discard, reads); n >= 1<<20 {
			t.Errorf("an answer that nobody read was held for longer: %d bytes, %v", n, err)
		}
		v.end(t)
	})
}

func TestConnectionsHaveLimits(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		from    func(i int) string
		options web.Options
		most    int
	}{
		{func(int) string { return "2001:db8::1" }, web.Options{}, web.DefaultPerIPv6},
		{func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }, web.Options{PerIPv6: 50}, 50}, // one /64
		{func(i int) string { return fmt.Sprintf("2001:db8:0:%x::1", i+1) }, web.Options{PerIPv6: 50, MaxConnections: 60}, 60},
		{func(int) string { return "192.0.2.1" }, web.Options{PerIPv4: 50}, 50},
		{func(int) string { return "127.0.0.1" }, web.Options{PerIPv4: 50, MaxConnections: 60}, 60},
		{func(int) string { return "10.1.1.1" }, web.Options{PerIPv4: 50, MaxConnections: 60, Proxies: proxies}, 60},
		{func(i int) string { return fmt.Sprintf("192.0.2.%d", i) }, web.Options{PerIPv4: 50, MaxConnections: 60}, 60},
	} {
		synctest.Test(t, func(t *testing.T) {
			v := serve(t, c.options)
			var open []net.Conn
			for i := range c.most + 10 {
				open = append(open, v.dial(c.from(i)))
			}
			synctest.Wait()
			refused := 0
			soon := time.Now().Add(time.Millisecond)
			for _, conn := range open {
				conn.SetReadDeadline(soon)
				if _, err := conn.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
					refused++
				}
			}
			if refused != 10 {
				t.Errorf("from %s: %d of %d refused; want 10", c.from(0), refused, len(open))
			}
			open[0].Close() // makes room for one
			synctest.Wait()
			if resp, _, err := exchange(v.dial(c.from(0)), "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil || resp.StatusCode != 404 {
				t.Errorf("after one had left: %v, %v", resp, err)
			}
			for _, conn := range open {
				conn.Close()
			}
			v.end(t)
		})
	}
}

// What was begun before the end is finished: a connection that was taken and has not asked yet, one that
// is kept, a request under way. Streams are told.
func TestTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, streams := make(chan struct{}), make(chan struct{})
		var stopped time.Time
		v := serve(t, web.Options{
			Stop: func(context.Context) { stopped = time.Now(); close(streams) },
			Routes: []web.Route{
				{Pattern: "GET /{$}", Rule: anyone, Handle: ok("front")},
				{Pattern: "GET /slow", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
					<-release
					return ok("slow")(w, r)
				}},
				{Pattern: "GET /live", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
					http.NewResponseController(w).Flush()
					<-streams
					return ok("end")(w, r)
				}},
			},
		})
		get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n" }
		fresh, late, kept, leaves := v.dial("127.0.0.1"), v.dial("127.0.0.1"), v.dial("127.0.0.1"), v.dial("127.0.0.1")
		if resp, _, err := exchange(kept, get("/")); err != nil || resp.Close {
			t.Fatalf("%v %v", resp, err)
		}
		finish := make(chan error, 2)
		for path, want := range map[string]string{"/slow": "slow", "/live": "end"} {
			c := v.dial("127.0.0.1")
			go func() {
				_, body, err := exchange(c, get(path))
				if err == nil && body != want {
					err = fmt.Errorf("%s: %q", path, body)
				}
				finish <- err
			}()
		}
		synctest.Wait()

		begin := time.Now()
		v.stop()
		synctest.Wait()
		resp, body, err := exchange(kept, get("/readyz"))
		if err != nil || resp.StatusCode != 503 || body != "no\n" || !resp.Close {
			t.Errorf("a kept connection asks whether it is ready: %v %q %v", resp, body, err)
		}
		time.Sleep(150 * time.Millisecond)
		if resp, body, err := exchange(fresh, get("/")); err != nil || body != "front" || !resp.Close {
			t.Errorf("a connection that had not asked: %v %q %v", resp, body, err)
		}
		leaves.Close()
		time.Sleep(350 * time.Millisecond) // later than the wait for all, earlier than the limit
		if _, body, err := exchange(late, get("/")); err != nil || body != "front" {
			t.Errorf("a connection that had not asked for long: %q %v", body, err)
		}
		time.Sleep(time.Second)
		select {
		case err := <-v.result:
			t.Fatalf("ended with a request under way: %v", err)
		default:
		}
		close(release)
		for range 2 {
			if err := <-finish; err != nil {
				t.Error(err)
			}
		}
		if err := <-v.result; err != nil {
			t.Error(err)
		}
		if at := stopped.Sub(begin); at != 500*time.Millisecond {
			t.Errorf("streams were told after %v; the last silent connection had asked after 500 ms", at)
		}
	})
}

func TestTheEndDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		v := serve(t, web.Options{Routes: []web.Route{{Pattern: "GET /{$}", Rule: anyone, Handle: func(http.ResponseWriter, *http.Request) error {
			<-release
			return nil
		}}}})
		silent, stuck := v.dial("127.0.0.1"), v.dial("127.0.0.1")
		go io.Copy(io.Discard, silent)
		go io.WriteString(stuck, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		synctest.Wait()
		begin := time.Now()
		v.stop()
		if err := <-v.result; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if took := time.Since(begin); took < 5*time.Second || took > 9*time.Second {
			t.Errorf("gone after %v; want at most 10 s with what follows", took)
		}
		close(release)
	})
}

func TestAListenerThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := serve(t, web.Options{})
		v.Close()
		if err := <-v.result; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
	})
}

// Over real sockets, under load, no answer is lost to the end.
func TestNoRequestIsLostAtTheEnd(t *testing.T) {
	s, err := web.New(web.Options{Origin: origin(t, "http://localhost"), Routes: []web.Route{{Pattern: "GET /{$}", Rule: anyone, Handle: ok("front")}}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	result := make(chan error, 1)
	go func() { result <- s.Serve(ctx, ln) }()
	var answers atomic.Int64
	var clients sync.WaitGroup
	for range 16 {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients.Go(func() {
			defer c.Close()
			br := bufio.NewReader(c)
			for {
				if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
					t.Errorf("after %d answers: %v", answers.Load(), err)
					return
				}
				resp, err := http.ReadResponse(br, nil)
				if err != nil {
					t.Errorf("after %d answers: %v", answers.Load(), err)
					return
				}
				if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "front" {
					t.Errorf("%q, %v", body, err)
				}
				if answers.Add(1) == 500 {
					stop()
				}
				if resp.Close {
					return
				}
			}
		})
	}
	clients.Wait()
	if err := <-result; err != nil {
		t.Error(err)
	}
	if n := answers.Load(); n < 500 {
		t.Errorf("%d answers", n)
	}
}

// A reader that does not read is noticed early only where the kernel's buffer is small.
func TestAStreamsWriteBuffer(t *testing.T) {
	stuffed := make(chan int)
	s, err := web.New(web.Options{Origin: origin(t, "http://localhost"), Routes: []web.Route{{Pattern: "GET /live", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.RawQuery == "" {
			web.ShrinkWriteBuffer(r)
		}
		rc := http.NewResponseController(w)
		n := 0
		for chunk := make([]byte, 4096); ; n += len(chunk) {
			rc.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		stuffed <- n
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"http", "https"} {
		ts := httptest.NewUnstartedServer(nil)
		ts.Config = s.HTTPServer()
		if ts.Start(); scheme == "https" {
			ts.Close()
			ts = httptest.NewUnstartedServer(nil)
			ts.Config = s.HTTPServer()
			ts.StartTLS()
		}
		taken := func(target string) int {
			c, err := net.Dial("tcp", ts.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if scheme == "https" {
				c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
			}
			io.WriteString(c, "GET "+target+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
			return <-stuffed
		}
		small, usual := taken("/live"), taken("/live?usual")
		t.Logf("%s: %d bytes, without %d", scheme, small, usual)
		if small > usual/2 || small > 1<<20 {
			t.Errorf("%s: %d bytes were taken for a reader who reads nothing, %d without the small buffer", scheme, small, usual)
		}
		ts.Close()
	}
}
