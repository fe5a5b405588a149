package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"sokbo/internal/fault"
	"sokbo/internal/web"
)

func TestFaultsBecomeAnswers(t *testing.T) {
	var give error
	log, book := logger()
	s, err := web.New(web.Options{Origin: origin(t, "http://example.com"), Log: log, Routes: []web.Route{
		{Pattern: "GET /api/v1/x", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			return give
		}},
		{Pattern: "GET /x", Rule: anyone, Handle: func(http.ResponseWriter, *http.Request) error { return give }},
	}})
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("a secret cause")
	minute := fault.New(fault.TooMany, "slow", "slower please")
	minute.RetryAfter = 61 * time.Second / 2
	for _, c := range []struct {
		err    error
		status int
		code   string
		retry  string
		logged bool
	}{
		{fault.New(fault.Invalid, "c", "text"), 400, "c", "", false},
		{fault.New(fault.Forbidden, "c", "text"), 403, "c", "", false},
		{fmt.Errorf("finding: %w", fault.New(fault.NotFound, "c", "text")), 404, "c", "", false},
		{fault.New(fault.Gone, "c", "text"), 410, "c", "", false},
		{fault.New(fault.Conflict, "c", "text"), 409, "c", "", false},
		{fault.New(fault.TooLarge, "c", "text"), 413, "c", "", false},
		{fault.New(fault.TooMany, "c", "text"), 429, "c", "30", false},
		{minute, 429, "slow", "31", false},
		{fault.Wrap(cause, fault.Full, "disk-full", "text"), 507, "disk-full", "", true},
		{fault.Wrap(cause, fault.Unavailable, "away", "text"), 503, "away", "30", true},
		{fault.New(fault.Internal, "c", "a secret text"), 500, "internal", "", true},
		{cause, 500, "internal", "", true},
	} {
		give = c.err
		before := book.count("a request failed")
		r := httptest.NewRequest("GET", "/api/v1/x", nil)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var problem struct {
			Title, Detail, Code, ID string
			Status                  int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
			t.Fatalf("%v: %q", err, w.Body)
		}
		h := w.Header()
		if w.Code != c.status || problem.Status != c.status || problem.Code != c.code || h.Get("Retry-After") != c.retry ||
			h.Get("Content-Type") != "application/problem+json" || h.Get("Access-Control-Allow-Origin") != "*" || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v: %d %v %s", c.err, w.Code, h, w.Body)
		}
		if logged := book.count("a request failed") - before; logged == 1 != c.logged || logged > 1 {
			t.Errorf("%v: logged %d times", c.err, logged)
		}
		if c.logged && (problem.ID == "" || book.count("id="+problem.ID) != 1) {
			t.Errorf("%v: the id %q does not stand in the log", c.err, problem.ID)
		}

		w = httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
		if w.Code != c.status || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v as HTML: %d %v %s", c.err, w.Code, w.Header(), w.Body)
		}
	}
}

func TestWhoGetsJSON(t *testing.T) {
	s, err := web.New(web.Options{Origin: origin(t, "http://example.com")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, accept, contentType string
		json                      bool
	}{
		{"/x", "", "", false},
		{"/x", "text/html,*/*;q=0.8", "", false},
		{"/x", "application/json", "", true},
		{"/x", "", "application/json", true},
		{"/x", "", "application/x-www-form-urlencoded", false},
		{"/api/v1/x", "text/html", "", true},
		{"/apiary", "", "", false},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Header.Set("Accept", c.accept)
		r.Header.Set("Content-Type", c.contentType)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := json.Valid(w.Body.Bytes()); got != c.json || w.Code != 404 {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
	}
}

func TestTheSitesErrorPage(t *testing.T) {
	log, book := logger()
	var page func(r *http.Request, f web.Failure) ([]byte, error)
	s, err := web.New(web.Options{Origin: origin(t, "http://example.com"), Log: log,
		ErrorPage: func(r *http.Request, f web.Failure) ([]byte, error) { return page(r, f) },
		Routes: []web.Route{
			{Pattern: "GET /panic", Rule: anyone, Handle: func(http.ResponseWriter, *http.Request) error { panic("the cause of it") }},
			{Pattern: "GET /text", Rule: anyone, Handle: func(http.ResponseWriter, *http.Request) error {
				return fault.New(fault.Invalid, "c", "<script>alert(1)</script>")
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}

	page = func(r *http.Request, f web.Failure) ([]byte, error) {
		return fmt.Appendf(nil, "%s: %d %s id=%s", r.URL.Path, f.Status, f.Code, f.ID), nil
	}
	w := get("/panic")
	m := regexp.MustCompile(`^/panic: 500 internal id=([A-Z0-9]{16})$`).FindStringSubmatch(w.Body.String())
	if w.Code != 500 || m == nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if book.count(m[1]) != 1 || book.count("the cause of it") != 1 || book.count("fail_test.go") == 0 {
		t.Errorf("the log has the id %d times, the panic %d times, the stack %d times:\n%s",
			book.count(m[1]), book.count("the cause of it"), book.count("fail_test.go"), book)
	}

	for name, broken := range map[string]func(r *http.Request, f web.Failure) ([]byte, error){
		"fails":  func(*http.Request, web.Failure) ([]byte, error) { return []byte("half"), errors.New("template") },
		"panics": func(*http.Request, web.Failure) ([]byte, error) { panic("template") },
	} {
		page = broken
		w := get("/text")
		if w.Code != 400 || !strings.Contains(w.Body.String(), "<h1>400 Bad Request</h1><p>&lt;script&gt;") || strings.Contains(w.Body.String(), "half") {
			t.Errorf("where the site's page %s: %d %s", name, w.Code, w.Body)
		}
	}
	if book.count("template") != 2 {
		t.Errorf("the log says nothing of the broken error page:\n%s", book)
	}
}

func TestAnAnswerThatCannotBeEnded(t *testing.T) {
	log, book := logger()
	left := make(chan struct{})
	addr := start(t, web.Options{Log: log, Pages: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/page" {
			panic("in the page cache")
		}
		return false
	}, Routes: []web.Route{
		{Pattern: "GET /refused", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			io.WriteString(w, "half")
			return fault.New(fault.Gone, "withdrawn", "it went away meanwhile")
		}},
		{Pattern: "GET /taken", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\ntaken over")
				c.Close()
			}
			return err
		}},
		{Pattern: "GET /half", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			io.WriteString(w, "half")
			return errors.New("the other half is missing")
		}},
		{Pattern: "GET /flushed", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			panic("after the flush")
		}},
		{Pattern: "GET /waits", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			left <- struct{}{}
			<-r.Context().Done()
			defer close(left)
			return fmt.Errorf("waiting: %w", r.Context().Err())
		}},
	}})
	for _, path := range []string{"/half", "/refused", "/flushed", "/page"} {
		resp, err := http.Get("http://" + addr + path)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
		}
		if err == nil {
			t.Errorf("%s looks whole", path)
		}
	}
	if _, body := raw(t, addr, "GET /taken HTTP/1.1\r\nHost: localhost\r\n\r\n"); body != "taken over" {
		t.Errorf("a connection that was taken over: %q", body)
	}
	for _, logged := range []string{"the other half is missing", "it went away meanwhile", "after the flush", "in the page cache"} {
		if book.count(logged) != 1 {
			t.Errorf("%q is logged %d times", logged, book.count(logged))
		}
	}
	if strings.Contains(book.String(), "http: ") {
		t.Errorf("net/http has something to complain about: %s", book)
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /waits HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-left
	c.(*net.TCPConn).CloseWrite() // to the server, a reader who leaves
	<-left
	if answer, err := io.ReadAll(c); err != nil || len(answer) > 0 {
		t.Errorf("who left is told %q, %v", answer, err)
	}
	if n := book.count("waiting"); n != 0 {
		t.Errorf("a reader who left was logged: %s", book)
	}
}
