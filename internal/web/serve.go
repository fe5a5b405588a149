package web

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// How long a client may take, and how much it may hold. Streams set a deadline per write instead.
const (
	MaxHeader         = 16 << 10 // bytes of a request's headers
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second

	DefaultMaxConnections = 100_000
	DefaultPerIPv4        = 25_000 // more than the streams that one address may hold by default
	DefaultPerIPv6        = 1_500
)

// How a server ends. Together these stay under the 10 seconds in which the program is gone.
const (
	drainTime     = 200 * time.Millisecond // clients learn meanwhile that connections close
	drainLimit    = time.Second            // for connections that have not sent a request yet
	shutdownLimit = 7 * time.Second        // for requests under way
)

// streamBuffer is the kernel's buffer of a stream. With the usual one a reader that does not read takes
// 3.8 MB before a write's deadline can be missed.
const streamBuffer = 16 << 10

// HTTPServer returns a server for s with its limits. Most callers want Serve.
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler:                      s,
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               MaxHeader,
		DisableGeneralOptionsHandler: true, // its answers have no security headers
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ConnState:                    s.connections.state,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, c)
		},
	}
}

// Serve answers on ln until ctx ends, then finishes what was begun and returns nil. No request that was
// read is lost: new connections are no longer taken, answers say that their connection closes, streams
// end, and only then is the server shut down.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	server := s.HTTPServer()
	g := &gate{Listener: ln}
	served := make(chan error, 1)
	go func() { served <- server.Serve(g) }()
	select {
	case err := <-served:
		server.Close()
		return fmt.Errorf("the listener on %s failed: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	g.shut()
	<-served
	s.connections.settle()

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if s.o.Stop != nil {
		s.o.Stop(ctx)
	}
	if err := server.Shutdown(ctx); err != nil {
		server.Close()
		return fmt.Errorf("requests were cut off after %v: %w", shutdownLimit, err)
	}
	return nil
}

// ShrinkWriteBuffer makes the kernel's buffer of r's connection fit for a stream. Call it before the
// first write of an answer that lives for hours.
func ShrinkWriteBuffer(r *http.Request) {
	c := connectionOf(r)
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(*net.TCPConn); ok {
		t.SetWriteBuffer(streamBuffer) // a connection that is gone already needs none
	}
}

// A gate is a listener that can stop taking connections before it is closed.
type gate struct {
	net.Listener
	mu   sync.Mutex
	done bool
}

var errShut = errors.New("no longer taking connections")

func (g *gate) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil && g.done {
		return nil, errShut
	}
	return c, err
}

func (g *gate) shut() {
	g.mu.Lock()
	g.done = true
	g.mu.Unlock()
	if d, ok := g.Listener.(interface{ SetDeadline(time.Time) error }); ok && d.SetDeadline(time.Unix(1, 0)) == nil {
		return
	}
	g.Listener.Close()
}

// connections counts open connections and knows which have not sent a request yet.
type connections struct {
	most, perIPv4, perIPv6 int
	proxies                []netip.Prefix

	mu      sync.Mutex
	open    map[net.Conn]netip.Prefix
	each    map[netip.Prefix]int
	fresh   sync.Map      // net.Conn: accepted, and nothing read yet
	changed chan struct{} // holds one token after fresh lost one
}

func (cs *connections) init(o Options) {
	cs.most, cs.perIPv4, cs.perIPv6 = cmp.Or(o.MaxConnections, DefaultMaxConnections), cmp.Or(o.PerIPv4, DefaultPerIPv4), cmp.Or(o.PerIPv6, DefaultPerIPv6)
	cs.proxies = o.Proxies
	cs.open, cs.each, cs.changed = map[net.Conn]netip.Prefix{}, map[netip.Prefix]int{}, make(chan struct{}, 1)
}

// state is the server's hook. A connection too many is closed before anything is read from it.
func (cs *connections) state(c net.Conn, to http.ConnState) {
	switch to {
	case http.StateNew:
		if !cs.take(c) {
			c.Close()
			return
		}
		cs.fresh.Store(c, nil)
	case http.StateActive:
		cs.started(c)
	case http.StateClosed, http.StateHijacked:
		cs.started(c)
		cs.release(c)
	}
}

func (cs *connections) started(c net.Conn) {
	if _, was := cs.fresh.LoadAndDelete(c); was {
		select {
		case cs.changed <- struct{}{}:
		default:
		}
	}
}

func (cs *connections) take(c net.Conn) bool {
	network, most := cs.limit(c)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.open) >= cs.most || cs.each[network] >= most {
		return false
	}
	cs.open[c] = network
	cs.each[network]++
	return true
}

func (cs *connections) release(c net.Conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	network, ok := cs.open[c]
	if !ok {
		return
	}
	delete(cs.open, c)
	if cs.each[network]--; cs.each[network] == 0 {
		delete(cs.each, network)
	}
}

// limit returns whose connection c is and how many of these there may be. This machine's own and those of
// trusted proxies are limited only together with all others.
func (cs *connections) limit(c net.Conn) (netip.Prefix, int) {
	ap, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}, cs.most
	}
	addr := ap.Addr().Unmap().WithZone("")
	network := Network(addr)
	for _, p := range cs.proxies {
		if p.Contains(addr) {
			return network, cs.most
		}
	}
	switch {
	case addr.IsLoopback():
		return network, cs.most
	case addr.Is4():
		return network, cs.perIPv4
	}
	return network, cs.perIPv6
}

// settle waits until clients had time to send what they were about to, and no connection is left whose
// first request has not arrived. Those that stay silent are not waited for long.
func (cs *connections) settle() {
	most := time.After(drainLimit)
	<-time.After(drainTime)
	for cs.waiting() {
		select {
		case <-cs.changed:
		case <-most:
			return
		}
	}
}

func (cs *connections) waiting() bool {
	found := false
	cs.fresh.Range(func(_, _ any) bool { found = true; return false })
	return found
}
