// Package web is what the faces share as HTTP programs: one table of routes with their access rules, one
// chain before them, one place where errors become answers, and hashed assets.
//
// A request passes, in this order: recovery from panics; known host, limits and the one form of an address;
// the page cache, for GET and HEAD; the refusal of cross-origin writes; the table of routes. Every answer carries the security
// headers, errors and 304 too. The exceptions are those that net/http writes before a request stands: 400
// to one that cannot be read and 431 to headers above [MaxHeader].
package web

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a server.
type Options struct {
	Origin Origin  // the public address
	Routes []Route // all of them
	CSP    CSP     // the policy of every answer that does not set its own

	// Pages answers a GET or HEAD whose page is kept and reports whether it did: page.Cache.Lookup.
	Pages func(w http.ResponseWriter, r *http.Request) bool

	// ErrorPage renders a failure as HTML in the site's design and languages. Where it is nil, fails or
	// panics, a plain page in English stands in.
	ErrorPage func(r *http.Request, f Failure) ([]byte, error)

	// Ready says why the program cannot answer, or nil. It is asked for every /readyz, for 2 seconds at most.
	Ready func(ctx context.Context) error

	// Stop ends the streams when the server shuts down: they do not end by themselves.
	Stop func(ctx context.Context)

	Proxies        []netip.Prefix // peers whose X-Forwarded-For and X-Forwarded-Host count
	MaxConnections int            // 0: DefaultMaxConnections
	PerIPv4        int            // of them for one address; 0: DefaultPerIPv4
	PerIPv6        int            // of them for one /64; 0: DefaultPerIPv6
	Log            *slog.Logger   // nil: slog.Default()
}

// Server answers requests. It is an http.Handler.
type Server struct {
	o          Options
	log        *slog.Logger
	security   []field
	mux        *http.ServeMux
	crossCheck *http.CrossOriginProtection
	draining   atomic.Bool
	unready    atomic.Pointer[string] // the reason that was last logged
	connections

	warnForwarded, warnHost sync.Once
}

// New checks the routes and returns a server. Its error names every route that lacks something.
func New(o Options) (*Server, error) {
	if o.Origin.name == "" {
		return nil, errors.New("web: no public address; set Options.Origin")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Server{o: o, log: o.Log, security: securityHeaders(o.Origin, o.CSP), crossCheck: http.NewCrossOriginProtection()}
	s.connections.init(o)
	var err error
	if s.mux, err = s.table(o.Routes); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var a *answer // nil until the page cache was asked
	defer func() {
		if p := recover(); p != nil {
			s.panicked(w, a, r, p)
		}
	}()
	h := w.Header()
	for _, f := range s.security {
		h[f.name] = f.values
	}
	if s.draining.Load() {
		h["Connection"] = closeConnection
	}
	if s.vital(w, r) {
		return
	}
	s.forwarded(r)
	to, err := s.admit(r)
	if err == nil && to == "" && s.o.Pages != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) && s.o.Pages(w, r) {
		return
	}
	a = &answer{ResponseWriter: w, server: s, request: r}
	switch {
	case err != nil:
	case to != "":
		h["Location"] = []string{to}
		h["Cache-Control"] = noStore
		a.WriteHeader(http.StatusPermanentRedirect)
	default:
		err = s.route(a, r)
	}
	if err != nil {
		s.fail(a, r, err)
	}
}

// vital answers /livez and /readyz under any host name: yes or no, the reason goes to the log.
func (s *Server) vital(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/livez" && r.URL.Path != "/readyz" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	status, body := http.StatusOK, "yes\n"
	if r.URL.Path == "/readyz" && !s.ready(r.Context()) {
		status, body = http.StatusServiceUnavailable, "no\n"
	}
	h := w.Header()
	h["Cache-Control"] = noStore
	h["Content-Type"] = plainText
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write([]byte(body))
	}
	return true
}

const readyTimeout = 2 * time.Second

func (s *Server) ready(ctx context.Context) bool {
	reason := ""
	if s.draining.Load() {
		reason = "shutting down"
	} else if s.o.Ready != nil {
		ctx, cancel := context.WithTimeout(ctx, readyTimeout)
		defer cancel()
		if err := s.o.Ready(ctx); err != nil {
			reason = err.Error()
		}
	}
	if last := s.unready.Swap(&reason); reason != "" && (last == nil || *last != reason) {
		s.log.Warn("not ready", "reason", reason)
	}
	return reason == ""
}

// answer is the writer that handlers get. It knows whether an answer has begun, and holds to the route's
// rule on caching.
type answer struct {
	http.ResponseWriter
	server  *Server
	request *http.Request
	public  bool // shared caches may keep it
	begun   bool
}

// Unwrap serves http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if status >= 200 && !a.begun {
		a.begun = true
		h := a.Header()
		if a.public && len(h["Set-Cookie"]) > 0 {
			h["Cache-Control"] = noStore
			a.server.log.Error("a public answer sets a cookie; its route needs the rule Private or NoStore", "route", a.request.Pattern)
		} else if a.public && status >= 400 {
			h["Cache-Control"] = noStore
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

// FlushError serves http.ResponseController: a flush begins the answer too.
func (a *answer) FlushError() error {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack serves http.ResponseController: who takes the connection over answers for itself.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	a.begun = a.begun || err == nil
	return c, rw, err
}

// A field is a header whose values all answers share and nobody changes.
type field struct {
	name   string
	values []string
}

var (
	noStore         = []string{"no-store"}
	plainText       = []string{"text/plain; charset=utf-8"}
	closeConnection = []string{"close"}
)

// connectionKey finds a request's connection in its context.
type connectionKey struct{}

func connectionOf(r *http.Request) net.Conn {
	c, _ := r.Context().Value(connectionKey{}).(net.Conn)
	return c
}
