//go:build browser

package browser_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// A gate stands between the browser and the program. It counts the live streams
// of its readers, and can cut them or hold them back; everything else passes.
// The browser's own offline emulation does not cut an open EventSource.
type gate struct {
	URL string

	program atomic.Pointer[url.URL]
	proxy   http.Handler

	mu      sync.Mutex
	open    map[*http.Request]context.CancelFunc
	opened  int
	down    bool
	held    chan struct{} // open streams wait for its closing; nil: they flow
	answers map[string]http.HandlerFunc
	through atomic.Int64
}

func newGate(t *testing.T, program string) *gate {
	t.Helper()
	g := &gate{open: make(map[*http.Request]context.CancelFunc), answers: make(map[string]http.HandlerFunc)}
	g.leadTo(t, program)
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	g.proxy = &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(g.program.Load())
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Path == "/live" {
				r.Body = &flow{ReadCloser: r.Body, gate: g, done: r.Request.Context().Done()}
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		down, answer := g.down, g.answers[r.Method+" "+r.URL.Path]
		g.mu.Unlock()
		if down {
			panic(http.ErrAbortHandler)
		}
		if answer != nil {
			answer(w, r)
			return
		}
		if r.URL.Path == "/live" {
			ctx, cut := context.WithCancel(r.Context())
			defer cut()
			r = r.WithContext(ctx)
			g.mu.Lock()
			g.open[r] = cut
			g.opened++
			g.mu.Unlock()
			defer func() {
				g.mu.Lock()
				delete(g.open, r)
				g.mu.Unlock()
				if ctx.Err() != nil {
					panic(http.ErrAbortHandler) // the connection is reset, not ended
				}
			}()
		}
		g.proxy.ServeHTTP(w, r)
	}))
	server.Listener.Close()
	var err error
	server.Listener, err = net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	server.Config.ErrorLog = quiet
	server.Start()
	t.Cleanup(func() {
		g.cut()
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	g.URL = "http://localhost:" + port
	return g
}

// leadTo says which program stands behind the gate.
func (g *gate) leadTo(t *testing.T, program string) {
	t.Helper()
	u, err := url.Parse(program)
	if err != nil {
		t.Fatal(err)
	}
	g.program.Store(u)
}

// streams are the live streams that stand now.
func (g *gate) streams() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.open)
}

// topics of the streams that stand now.
func (g *gate) topics() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	for r := range g.open {
		all = append(all, r.FormValue("topics"))
	}
	return all
}

// bytes of all streams so far.
func (g *gate) bytes() int64 { return g.through.Load() }

// everOpened counts the live streams since the start.
func (g *gate) everOpened() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

// cut resets all live streams.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, cut := range g.open {
		cut()
	}
}

// fail resets all streams and every request from now on, until heal.
func (g *gate) fail() {
	g.mu.Lock()
	g.down = true
	g.mu.Unlock()
	g.cut()
}

func (g *gate) heal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = false
}

// hold lets no byte of the open streams through, though they stand, until flow.
func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = make(chan struct{})
}

func (g *gate) flow() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.held)
	g.held = nil
}

type flow struct {
	io.ReadCloser
	gate *gate
	done <-chan struct{}
}

func (f *flow) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	f.gate.through.Add(int64(n))
	f.gate.mu.Lock()
	held := f.gate.held
	f.gate.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-f.done:
		}
	}
	return n, err
}

// answer takes requests such as "POST /x" away from the program; nil gives them back.
func (g *gate) answer(pattern string, f http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answers[pattern] = f
}
