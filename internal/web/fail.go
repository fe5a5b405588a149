package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"sokbo/internal/accept"
	"sokbo/internal/fault"
)

// A Failure is what a person or a program is told about an error.
type Failure struct {
	Status     int           // 400 to 599
	Code       string        // stable; faces translate by it
	Text       string        // one English sentence
	ID         string        // where the log holds more: the same id stands there
	RetryAfter time.Duration // when to come back, or zero
}

// statuses is the one place where kinds become statuses.
var statuses = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.Invalid:     http.StatusBadRequest,
	fault.Forbidden:   http.StatusForbidden,
	fault.NotFound:    http.StatusNotFound,
	fault.Gone:        http.StatusGone,
	fault.Conflict:    http.StatusConflict,
	fault.TooLarge:    http.StatusRequestEntityTooLarge,
	fault.TooMany:     http.StatusTooManyRequests,
	fault.Full:        http.StatusInsufficientStorage,
	fault.Unavailable: http.StatusServiceUnavailable,
}

// defaultRetry is told with 429 and 503 where a fault does not say when to come back.
const defaultRetry = 30 * time.Second

// A refusal is an error that only HTTP has a word for.
type refusal struct {
	status int
	code   string
	text   string
}

func (e *refusal) Error() string { return e.text }

// failure says what is told of err.
func failure(err error) Failure {
	var refused *refusal
	var tooLarge *http.MaxBytesError
	f := fault.Of(err)
	switch {
	case errors.As(err, &refused):
		return Failure{Status: refused.status, Code: refused.code, Text: refused.text}
	case errors.As(err, &tooLarge):
		return Failure{Status: http.StatusRequestEntityTooLarge, Code: "body-too-large",
			Text: fmt.Sprintf("this is too large; the limit is %d bytes", tooLarge.Limit)}
	case f == nil || f.Kind == fault.Internal || statuses[f.Kind] == 0:
		return Failure{Status: http.StatusInternalServerError, Code: "internal",
			Text: "something failed here; try again, and if it stays tell us the id"}
	}
	told := Failure{Status: statuses[f.Kind], Code: f.Code, Text: f.Text, RetryAfter: f.RetryAfter}
	if told.RetryAfter <= 0 && (f.Kind == fault.TooMany || f.Kind == fault.Unavailable) {
		told.RetryAfter = defaultRetry
	}
	return told
}

// fail answers with an error. What is broken here is logged, once, under the id that is told.
func (s *Server) fail(a *answer, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		panic(http.ErrAbortHandler) // the reader left: nobody is told, and nothing is broken
	}
	f := failure(err)
	if f.Status >= 500 || a.begun {
		f.ID = rand.Text()[:16]
		s.log.Error("a request failed", "id", f.ID, "status", f.Status, "method", r.Method, "path", r.URL.Path, "route", r.Pattern, "err", err)
	}
	if a.begun {
		panic(http.ErrAbortHandler) // a cut answer must not look whole
	}
	s.tell(a, r, f)
}

// panicked answers after a panic, whose stack is still there.
func (s *Server) panicked(w http.ResponseWriter, a *answer, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		panic(p)
	}
	f := failure(nil)
	f.ID = rand.Text()[:16]
	s.log.Error("a request panicked", "id", f.ID, "method", r.Method, "path", r.URL.Path, "route", r.Pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if a == nil || a.begun {
		panic(http.ErrAbortHandler)
	}
	s.tell(a, r, f)
}

// tell writes a failure as HTML or as problem+json.
func (s *Server) tell(a *answer, r *http.Request, f Failure) {
	h := a.Header()
	for name := range h {
		if !strings.HasPrefix(name, "Access-Control-") && name != "Allow" && name != "Connection" {
			delete(h, name)
		}
	}
	for _, field := range s.security {
		h[field.name] = field.values
	}
	h["Cache-Control"] = noStore
	if f.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10)}
	}
	var body []byte
	if wantsJSON(r) {
		h["Content-Type"] = []string{"application/problem+json"}
		body = problem(f)
	} else {
		h["Content-Type"] = []string{"text/html; charset=utf-8"}
		body = s.errorPage(r, f)
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	a.WriteHeader(f.Status)
	if r.Method != http.MethodHead {
		a.Write(body)
	}
}

// wantsJSON reports whether the asker is a program: it asks the API, sends JSON, or prefers it.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") ||
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") ||
		accept.JSON(r.Header["Accept"])
}

// problem is RFC 9457.
func problem(f Failure) []byte {
	body, err := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
		ID     string `json:"id,omitempty"`
	}{http.StatusText(f.Status), f.Status, f.Text, f.Code, f.ID})
	if err != nil {
		panic(err) // strings and an int
	}
	return append(body, '\n')
}

// errorPage is the site's page for f, or a plain one where the site has none or fails itself.
func (s *Server) errorPage(r *http.Request, f Failure) (body []byte) {
	if s.o.ErrorPage == nil {
		return plainPage(f)
	}
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("the error page panicked", "status", f.Status, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			body = plainPage(f)
		}
	}()
	body, err := s.o.ErrorPage(r, f)
	if err != nil {
		s.log.Error("the error page failed", "status", f.Status, "err", err)
		return plainPage(f)
	}
	return body
}

func plainPage(f Failure) []byte {
	title := html.EscapeString(fmt.Sprintf("%d %s", f.Status, http.StatusText(f.Status)))
	text := html.EscapeString(f.Text)
	if f.ID != "" {
		text += " (" + html.EscapeString(f.ID) + ")"
	}
	return []byte(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` + title + `</title></head>
<body><main><h1>` + title + `</h1><p>` + text + `</p></main></body></html>
`)
}
