package live_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sokbo/internal/live"
)

// listen serves the hub on a real socket, on HTTP/1.1 and both forms of HTTP/2.
func listen(t *testing.T, hub *live.Hub, tls bool) *httptest.Server {
	server := httptest.NewUnstartedServer(handler(t, hub))
	server.Config.ReadTimeout = 30 * time.Second
	server.Config.WriteTimeout = 30 * time.Second
	if tls {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	t.Cleanup(func() { hub.Close(context.Background()) })
	return server
}

func TestOverRealConnections(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			// Beats come later than a frame may take: an idle stream must outlive the deadline.
			hub := live.NewHub(live.Options{WriteTimeout: time.Second, Beat: 1500 * time.Millisecond})
			topic := hub.Topic("a")
			publish(t, topic, "s1", "")
			server := listen(t, hub, proto == "HTTP/2.0")
			var all []*client
			for range 3 {
				resp, err := server.Client().Get(server.URL + "/live?topics=a")
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if resp.Proto != proto || resp.Header.Get("Content-Type") != "text/event-stream" {
					t.Fatalf("%s %s", resp.Proto, resp.Header.Get("Content-Type"))
				}
				c := &client{t: t, resp: resp, events: events{bufio.NewReader(resp.Body)}}
				c.wantRetry(time.Second, 3*time.Second)
				c.want("snapshot", 1, "s1")
				all = append(all, c)
			}
			for _, c := range all {
				c.want("beat", 0, "")
				c.want("beat", 0, "")
			}
			big := strings.Repeat("x", 100_000)
			publish(t, topic, "s2", big)
			for _, c := range all {
				ev := c.nextButBeat()
				if ev.kind != "update" || ev.data != big {
					t.Fatalf("got %s %d of %d bytes", ev.kind, ev.id, len(ev.data))
				}
			}
			all[0].resp.Body.Close()
			until(t, "one reader has gone", func() bool { return hub.Readers() == 2 })
			go hub.Close(context.Background())
			for _, c := range all[1:] {
				ev := c.nextButBeat()
				if ev.retry == 0 {
					t.Fatalf("got %+v, want a retry", ev)
				}
				c.wantEnd()
			}
		})
	}
}

// until waits for a condition that other goroutines bring about.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// counting is a listener whose connections have the write buffer of a stream and count what the kernel took.
type counting struct {
	net.Listener
	bytes *atomic.Int64
}

func (l counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	return countingConn{tcp, l.bytes}, tcp.SetWriteBuffer(16 << 10)
}

type countingConn struct {
	*net.TCPConn
	bytes *atomic.Int64
}

func (c countingConn) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b)
	c.bytes.Add(int64(n))
	return n, err
}

// A board sends one to four kilobytes a second. On Linux a reader is cut after about 150 kB, most of it in the
// reader's own kernel; without the smaller buffer it takes 3.8 MB.
func TestStuckReaderIsSeenBeforeMuchIsSent(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			hub := live.NewHub(live.Options{WriteTimeout: 200 * time.Millisecond})
			topic := hub.Topic("a")
			var sent atomic.Int64
			server := httptest.NewUnstartedServer(handler(t, hub))
			server.Listener = counting{server.Listener, &sent}
			if scheme == "https" {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()

			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if scheme == "https" {
				conn = tls.Client(conn, &tls.Config{RootCAs: certificates(server), ServerName: "example.com"})
			}
			if _, err := io.WriteString(conn, "GET /live?topics=a HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			until(t, "the stream is open", func() bool { return hub.Readers() == 1 })
			for data := strings.Repeat("x", 500); hub.Readers() > 0; {
				before := sent.Load()
				publish(t, topic, data, data)
				until(t, "the frame is written or the reader is cut", func() bool {
					return sent.Load() > before || hub.Readers() == 0
				})
			}
			t.Logf("cut after %d bytes", sent.Load())
			if n := sent.Load(); n > 512<<10 {
				t.Errorf("cut after %d bytes, want at most 512 KiB", n)
			}
		})
	}
}

// On HTTP/2 it is the stream's window that fills, and the stream that is cut.
func TestStuckReaderOnHTTP2(t *testing.T) {
	hub := live.NewHub(live.Options{WriteTimeout: 200 * time.Millisecond})
	topic := hub.Topic("a")
	big := strings.Repeat("x", 100_000)
	publish(t, topic, big, big)
	server := listen(t, hub, true)
	stuck, err := server.Client().Get(server.URL + "/live?topics=a")
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Body.Close()
	if stuck.ProtoMajor != 2 {
		t.Fatalf("the stream is on %s", stuck.Proto)
	}
	until(t, "the stuck reader is cut", func() bool {
		publish(t, topic, big, big)
		return hub.Readers() == 0
	})
	if _, err := io.Copy(io.Discard, stuck.Body); err == nil {
		t.Error("the stream seems to have ended as it should")
	}
	again, err := server.Client().Get(server.URL + "/live?topics=a") // the connection lives on
	if err != nil {
		t.Fatal(err)
	}
	again.Body.Close()
}

func certificates(server *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return pool
}

// Every reader sees whole frames of rising numbers and ends at the newest, while others go, come and read nothing.
func TestThousandReaders(t *testing.T) {
	const (
		readers = 1000
		frames  = 30
		gap     = 100 * time.Millisecond
	)
	hub := live.NewHub(live.Options{})
	topics := map[string]*live.Topic{"a": hub.Topic("a"), "b": hub.Topic("b")}
	server := listen(t, hub, false)
	say := func(n int) {
		for name, topic := range topics {
			fill := strings.Repeat(fmt.Sprint(n%10), 100+n*10)
			publish(t, topic, fmt.Sprintf(`%s snapshot %d %s`, name, n, fill), fmt.Sprintf(`%s update %d %s`, name, n, fill))
		}
	}
	connect := func() (net.Conn, error) {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err == nil {
			_, err = io.WriteString(conn, "GET /live?topics=a,b HTTP/1.1\r\nHost: x\r\n\r\n")
		}
		return conn, err
	}
	read := func(last uint64) (frames int, err error) {
		conn, err := connect()
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0, err
		}
		stream := events{bufio.NewReader(resp.Body)}
		if ev, err := stream.next(); err != nil || ev.retry == 0 {
			return 0, fmt.Errorf("%+v, %v, want a retry", ev, err)
		}
		at := map[string]uint64{}
		for at["a"] < last || at["b"] < last {
			ev, err := stream.next()
			if err != nil {
				return frames, err
			}
			frames++
			if ev.kind == "beat" {
				continue
			}
			var name, kind, fill string
			var n uint64
			if _, err := fmt.Sscan(ev.data, &name, &kind, &n, &fill); err != nil {
				return frames, fmt.Errorf("%q: %w", ev.data, err)
			}
			switch {
			case kind != ev.kind || n != ev.id || fill != strings.Repeat(fmt.Sprint(n%10), int(100+n*10)):
				return frames, fmt.Errorf("a wrong frame: %+v", ev)
			case n <= at[name]:
				return frames, fmt.Errorf("%s: %d after %d", name, n, at[name])
			case kind == "update" && n != at[name]+1:
				return frames, fmt.Errorf("%s: update %d after %d", name, n, at[name])
			}
			at[name] = n
		}
		return frames, nil
	}

	for range 10 { // these read nothing
		conn, err := connect()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	var all sync.WaitGroup
	var got atomic.Int64
	for i := range readers {
		all.Go(func() {
			if i%10 == 0 {
				if _, err := read(frames / 3); err != nil { // goes early
					t.Error(err)
				}
			}
			n, err := read(frames)
			if err != nil {
				t.Error(err)
			}
			got.Add(int64(n))
		})
	}
	until(t, "all are connected", func() bool { return hub.Readers() == readers+10 })
	tick := time.NewTicker(gap)
	defer tick.Stop()
	for n := range frames {
		say(n + 1)
		<-tick.C
	}
	all.Wait()
	t.Logf("%d frames of %d arrived, the others were skipped", got.Load(), readers*frames*len(topics))
}
