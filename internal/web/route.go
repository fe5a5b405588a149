package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"sokbo/internal/fault"
)

// A Handler answers a request, or returns an error and has then written nothing. A fault becomes an
// answer by its kind; any other error is a 500 whose text nobody sees.
type Handler func(w http.ResponseWriter, r *http.Request) error

// A Route is a pattern with the rule that guards it.
type Route struct {
	Pattern string // a method and a path as http.ServeMux has them, one address each: "GET /articles/{number}"
	Rule    Rule
	Handle  Handler
	MaxBody int64 // bytes of a request's body; 0 is DefaultMaxBody
}

// A Rule says who may have what a route answers, and who may keep it. A route without one stops the start.
type Rule struct {
	Who    Who
	Object string // what the handler checks about the thing asked for, in words: "a visible story"
	Cache  Cache
}

// Who may ask.
type Who uint8

const (
	nobody Who = iota
	Anyone     // strangers too: what they get is public, or is theirs by a secret that they hold
)

// Cache says what may be kept of an answer. Errors are never kept.
type Cache uint8

const (
	unsaid    Cache = iota
	Pages           // the same for all, answered through page.Cache
	Public          // the same for all, answered by the handler: asked for again before each use
	Immutable       // the same for all and for ever, under an address that names its bytes
	Private         // one reader's: only that reader's browser may keep it, and asks again before each use
	NoStore         // kept by nobody, not even for the way back: this costs a browser's fast way back
)

var cacheControls = map[Cache][]string{
	Pages:     {"public, max-age=0, must-revalidate"},
	Public:    {"public, max-age=0, must-revalidate"},
	Immutable: {"public, max-age=31536000, immutable"},
	Private:   {"private, no-cache"},
	NoStore:   noStore,
}

func (c Cache) public() bool { return c == Pages || c == Public || c == Immutable }

// DefaultMaxBody limits a request's body where its route does not.
const DefaultMaxBody = 64 << 10

// table registers the routes, or says all that is wrong with them.
func (s *Server) table(routes []Route) (*http.ServeMux, error) {
	mux := http.NewServeMux()
	var wrong []error
	for _, route := range routes {
		err := route.check()
		if err == nil {
			err = register(mux, route.Pattern, s.handler(route))
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("route %q: %w", route.Pattern, err))
		}
	}
	return mux, errors.Join(wrong...)
}

func (t Route) check() error {
	method, path, ok := strings.Cut(t.Pattern, " ")
	switch {
	case !ok || !strings.HasPrefix(path, "/"):
		return errors.New("is not a method, a space and a path")
	case method == http.MethodHead || method == http.MethodOptions || method == http.MethodConnect || method == http.MethodTrace:
		return errors.New("has a method that no route answers itself")
	case strings.HasSuffix(path, "/"), strings.HasSuffix(path, "...}"):
		return errors.New("would answer under addresses that end in a slash; the front page is /{$}")
	case t.Handle == nil:
		return errors.New("has no handler")
	case t.Rule.Who == nobody:
		return errors.New("has no rule on who may ask; set Rule.Who")
	case t.Rule.Object == "":
		return errors.New("does not say what its handler checks; set Rule.Object")
	case cacheControls[t.Rule.Cache] == nil:
		return errors.New("does not say who may keep its answer; set Rule.Cache")
	case t.Rule.Cache.public() && method != http.MethodGet:
		return errors.New("changes something, so nothing may keep its answer; Rule.Cache is NoStore")
	}
	return nil
}

// register turns the panic of a pattern that is broken or taken into an error.
func register(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	mux.Handle(pattern, h)
	return nil
}

// handler applies a route's rule and calls it.
func (s *Server) handler(t Route) http.Handler {
	if t.MaxBody == 0 {
		t.MaxBody = DefaultMaxBody
	}
	caching := cacheControls[t.Rule.Cache]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := w.(*answer)
		a.public = t.Rule.Cache.public()
		a.Header()["Cache-Control"] = caching
		err := s.limitBody(a, r, t.MaxBody)
		if err == nil {
			err = t.Handle(a, r)
		}
		switch {
		case err != nil:
			s.fail(a, r, err)
		case !a.begun:
			a.WriteHeader(http.StatusOK)
		}
	})
}

func (s *Server) limitBody(a *answer, r *http.Request, most int64) error {
	if r.ContentLength > most {
		// Reading on would cost what the limit saves: the connection ends with the answer.
		a.Header()["Connection"] = closeConnection
		return &http.MaxBytesError{Limit: most}
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(a.ResponseWriter, r.Body, most) // net/http closes its own connection
	}
	return nil
}

// route passes a request on to its route, or says why there is none.
func (s *Server) route(a *answer, r *http.Request) error {
	if err := s.crossCheck.Check(r); err != nil {
		return fault.Wrap(err, fault.Forbidden, "cross-origin", "this came from another site; open the page here and try again")
	}
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(a, r)
		return nil
	}
	// The mux's own answer tells 404 from 405, and which methods there are.
	own := verdict{header: http.Header{}}
	h.ServeHTTP(&own, r)
	if own.status == http.StatusMethodNotAllowed {
		a.Header()["Allow"] = own.header["Allow"]
		return &refusal{http.StatusMethodNotAllowed, "method", "this address does not take " + r.Method}
	}
	return errNoAddress
}

// A verdict takes what the mux answers by itself.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) WriteHeader(status int)      { v.status = status }
func (v *verdict) Write(b []byte) (int, error) { return len(b), nil }
