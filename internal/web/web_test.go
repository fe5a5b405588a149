package web_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sokbo/internal/web"
)

var anyone = web.Rule{Who: web.Anyone, Object: "nothing", Cache: web.NoStore}

func origin(t testing.TB, s string) web.Origin {
	t.Helper()
	o, err := web.ParseOrigin(s)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A logbook keeps what is logged.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logbook) count(s string) int { return strings.Count(l.String(), s) }

func logger() (*slog.Logger, *logbook) {
	l := &logbook{}
	return slog.New(slog.NewTextHandler(l, nil)), l
}

// start serves on a loopback listener until the test ends, and returns its address.
func start(t *testing.T, o web.Options) string {
	t.Helper()
	if o.Origin == (web.Origin{}) {
		o.Origin = origin(t, "http://localhost:8080")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// raw sends bytes and reads one answer.
func raw(t *testing.T, addr, request string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	go io.WriteString(c, request) // an answer may come before all is read
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	return resp, string(body)
}

func ok(body string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		io.WriteString(w, body)
		return nil
	}
}

// keptPage answers /kept as a page cache does.
func keptPage(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/kept" {
		return false
	}
	w.Header()["Etag"] = []string{`"1"`}
	if r.Header.Get("If-None-Match") == `"1"` {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	w.Header()["Content-Length"] = []string{"4"}
	w.WriteHeader(200)
	if r.Method != "HEAD" {
		io.WriteString(w, "kept")
	}
	return true
}

var security = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; script-src 'self' 'sha256-abc'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "strict-origin-when-cross-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

func TestEveryAnswer(t *testing.T) {
	log, _ := logger()
	o := web.Options{
		CSP:   web.CSP{Scripts: []string{"'sha256-abc'"}},
		Pages: keptPage,
		Log:   log,
		Routes: []web.Route{
			{Pattern: "GET /{$}", Rule: anyone, Handle: ok("front")},
			{Pattern: "GET /articles/{number}", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
				fmt.Fprintf(w, "article %s", r.PathValue("number"))
				return nil
			}},
			{Pattern: "POST /articles/{number}/reactions", Rule: anyone, MaxBody: 10, Handle: func(w http.ResponseWriter, r *http.Request) error {
				if _, err := io.ReadAll(r.Body); err != nil {
					return fmt.Errorf("reading: %w", err)
				}
				return nil
			}},
			{Pattern: "GET /panic", Rule: anyone, Handle: func(http.ResponseWriter, *http.Request) error { panic("no") }},
			{Pattern: "GET /broken", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
				w.Header().Set("Set-Cookie", "a=b")
				w.Header().Set("Content-Encoding", "br")
				w.Header().Set("Content-Security-Policy", "frame-ancestors *")
				return errors.New("a secret")
			}},
		},
	}
	chunked := "Transfer-Encoding: chunked\r\n\r\n14\r\n" + strings.Repeat("x", 20) + "\r\n0\r\n\r\n"
	for _, scheme := range []string{"http", "https"} {
		o.Origin = origin(t, scheme+"://news.example")
		addr := start(t, o)
		for _, c := range []struct {
			request string // without the Host header, which is news.example
			status  int
			body    string
			header  string // name: value
		}{
			{"GET / HTTP/1.1\r\n", 200, "front", "Cache-Control: no-store"},
			{"HEAD / HTTP/1.1\r\n", 200, "", "Content-Length: 5"},
			{"GET /articles/1 HTTP/1.1\r\n", 200, "article 1", ""},
			{"GET /kept HTTP/1.1\r\n", 200, "kept", `Etag: "1"`},
			{"HEAD /kept HTTP/1.1\r\n", 200, "", "Content-Length: 4"},
			{"GET /kept HTTP/1.1\r\nIf-None-Match: \"1\"\r\n", 304, "", `Etag: "1"`},
			{"POST /kept HTTP/1.1\r\nContent-Length: 0\r\n", 404, "nothing at this address", ""},
			{"GET /livez HTTP/1.1\r\n", 200, "yes\n", "Cache-Control: no-store"},
			{"GET /readyz HTTP/1.1\r\n", 200, "yes\n", ""},

			{"GET /nothing HTTP/1.1\r\n", 404, "nothing at this address", "Cache-Control: no-store"},
			{"GET /articles HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /Articles/1 HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /articles%2F1 HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /articles/1%2fhistory HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /%6bept%2F HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /articles/1%5C2 HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /articles/%00 HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /articles/%ff HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /articles/1/ HTTP/1.1\r\n", 308, "", "Location: /articles/1"},
			{"GET //evil.example/.. HTTP/1.1\r\n", 308, "", "Location: /"},
			{"GET //evil.example HTTP/1.1\r\n", 308, "", "Location: /evil.example"},
			{"GET /articles/./1?a=b&c HTTP/1.1\r\n", 308, "", "Location: /articles/1?a=b&c"},
			{"GET /x/%2e%2e/articles/1 HTTP/1.1\r\n", 308, "", "Location: /articles/1"},
			{"GET /%61rticles/1 HTTP/1.1\r\n", 308, "", "Location: /articles/1"},
			{"GET /k%65pt HTTP/1.1\r\n", 308, "", "Location: /kept"},
			{"POST /articles/1/reactions/ HTTP/1.1\r\nContent-Length: 0\r\n", 308, "", "Location: /articles/1/reactions"},

			{"POST /articles/1 HTTP/1.1\r\nContent-Length: 0\r\n", 405, "does not take POST", "Allow: GET, HEAD"},
			{"OPTIONS / HTTP/1.1\r\n", 405, "does not take OPTIONS", "Allow: GET, HEAD"},
			{"OPTIONS * HTTP/1.1\r\n", 404, "nothing at this address", ""},
			{"GET /articles/1/reactions HTTP/1.1\r\n", 405, "does not take GET", "Allow: POST"},
			{"HEAD /articles/1/reactions HTTP/1.1\r\n", 405, "", "Allow: POST"},

			{"POST /articles/1/reactions HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789", 200, "", ""},
			{"POST /articles/1/reactions HTTP/1.1\r\nContent-Length: 11\r\n\r\n01234567890", 413, "the limit is 10 bytes", "Connection: close"},
			{"POST /articles/1/reactions HTTP/1.1\r\n" + chunked, 413, "the limit is 10 bytes", "Connection: close"},

			{"GET /" + strings.Repeat("a", web.MaxPath) + " HTTP/1.1\r\n", 414, "too long", ""},
			{"GET /?" + strings.Repeat("a", web.MaxQuery+1) + " HTTP/1.1\r\n", 414, "too long", ""},
			{"GET /?" + strings.Repeat("a&", web.MaxParameters-1) + " HTTP/1.1\r\n", 200, "front", ""},
			{"GET /?" + strings.Repeat("a&", web.MaxParameters) + " HTTP/1.1\r\n", 400, "too many parameters", ""},
			{"GET / HTTP/1.1\r\nCookie: " + strings.Repeat("a=b;", web.MaxCookies-1) + "a=b\r\n", 200, "front", ""},
			{"GET / HTTP/1.1\r\nCookie: " + strings.Repeat("a=b;", web.MaxCookies) + "a=b\r\n", 431, "too many cookies", ""},

			{"GET http://evil.example/kept HTTP/1.1\r\n", 421, "does not answer for that host", ""},
			{"GET /panic HTTP/1.1\r\n", 500, "something failed here", "Cache-Control: no-store"},
			{"HEAD /panic HTTP/1.1\r\n", 500, "", ""},
			{"GET /broken HTTP/1.1\r\n", 500, "something failed here", "Cache-Control: no-store"},
		} {
			request := c.request
			line, rest, _ := strings.Cut(request, "\r\n")
			request = line + "\r\nHost: news.example\r\n" + rest
			if !strings.Contains(request, "\r\n\r\n") {
				request += "\r\n"
			}
			resp, body := raw(t, addr, request)
			if resp.StatusCode != c.status || !strings.Contains(body, c.body) || c.body == "" && body != "" {
				t.Errorf("%.80q: %d %q; want %d %q", c.request, resp.StatusCode, body, c.status, c.body)
			}
			for name, want := range security {
				if got := resp.Header.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%.80q: %s is %q", c.request, name, got)
				}
			}
			if got, want := resp.Header.Get("Strict-Transport-Security"), scheme == "https"; (got == "max-age=63072000") != want {
				t.Errorf("%.80q on %s: Strict-Transport-Security %q", c.request, scheme, got)
			}
			if name, want, ok := strings.Cut(c.header, ": "); ok {
				got := resp.Header.Get(name)
				if name == "Connection" && resp.Close {
					got = "close"
				}
				if got != want {
					t.Errorf("%.80q: %s is %q; want %q", c.request, name, got, want)
				}
			}
			if c.status >= 400 && (resp.Header.Get("Set-Cookie") != "" || resp.Header.Get("Content-Encoding") != "" ||
				resp.Header.Get("Content-Type") != "text/html; charset=utf-8" || strings.Contains(body, "secret")) {
				t.Errorf("%.80q: an error says %v %q", c.request, resp.Header, body)
			}
		}
	}
}

// A body that says that it is too large is refused before its route is asked.
func TestADeclaredBody(t *testing.T) {
	s, err := web.New(web.Options{Origin: origin(t, "http://example.com"), Routes: []web.Route{{Pattern: "POST /{$}", Rule: anyone, Handle: ok("not read")}}})
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{0: 200, web.DefaultMaxBody: 200, web.DefaultMaxBody + 1: 413} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", size))))
		if w.Code != want {
			t.Errorf("%d bytes: %d; want %d", size, w.Code, want)
		}
	}
}

// A header above the limit is answered, on its own connection, and costs no other one anything.
func TestHeadersAboveTheLimit(t *testing.T) {
	addr := start(t, web.Options{Routes: []web.Route{{Pattern: "GET /{$}", Rule: anyone, Handle: ok("front")}}})
	other, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ask := func() {
		t.Helper()
		io.WriteString(other, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(other), nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("another connection: %v, %v", resp, err)
		}
		io.Copy(io.Discard, resp.Body)
	}
	ask()
	for _, size := range []int{web.MaxHeader + 8<<10, 64 << 10} {
		resp, _ := raw(t, addr, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: "+strings.Repeat("x", size)+"\r\n\r\n")
		if resp.StatusCode != 431 {
			t.Errorf("a header of %d bytes: %d", size, resp.StatusCode)
		}
	}
	resp, _ := raw(t, addr, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Large: "+strings.Repeat("x", web.MaxHeader-1024)+"\r\n\r\n")
	if resp.StatusCode != 200 {
		t.Errorf("a header under the limit: %d", resp.StatusCode)
	}
	ask()
}

func TestReadiness(t *testing.T) {
	log, book := logger()
	var reason error
	s, err := web.New(web.Options{Origin: origin(t, "https://news.example"), Log: log, Ready: func(ctx context.Context) error {
		if d, ok := ctx.Deadline(); !ok || time.Until(d) > 3*time.Second {
			t.Error("readiness has all the time in the world")
		}
		return reason
	}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		reason error
		code   int
		logged int
	}{{nil, 200, 0}, {errors.New("database away"), 503, 1}, {errors.New("database away"), 503, 1}, {nil, 200, 1}, {errors.New("database away"), 503, 2}} {
		reason = c.reason
		code, body := get("/readyz")
		if code != c.code || strings.Contains(body, "database") || book.count("database away") != c.logged {
			t.Errorf("%v: %d %q, logged %d times", c.reason, code, body, book.count("database away"))
		}
		if code, _ := get("/livez"); code != 200 {
			t.Errorf("not alive: %d", code)
		}
	}
}

func TestWritesFromOtherSitesAreRefused(t *testing.T) {
	done := 0
	addr := start(t, web.Options{Origin: origin(t, "http://localhost"), Routes: []web.Route{
		{Pattern: "POST /prefs", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error { done++; return nil }},
		{Pattern: "GET /prefs", Rule: anyone, Handle: ok("prefs")},
	}})
	for _, c := range []struct {
		method, headers string
		status          int
	}{
		{"POST", "Sec-Fetch-Site: cross-site\r\n", 403},
		{"POST", "Sec-Fetch-Site: same-site\r\n", 403},
		{"POST", "Origin: https://evil.example\r\n", 403},
		{"POST", "Origin: null\r\n", 403},
		{"POST", "Origin: http://localhost:3000\r\n", 403},
		{"GET", "Sec-Fetch-Site: cross-site\r\n", 200},
		{"POST", "Sec-Fetch-Site: same-origin\r\n", 200},
		{"POST", "Origin: http://localhost:8080\r\n", 200},
		{"POST", "", 200}, // no browser
	} {
		before := done
		resp, body := raw(t, addr, c.method+" /prefs HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 0\r\nConnection: close\r\n"+c.headers+"\r\n")
		if resp.StatusCode != c.status || (done > before) != (c.method == "POST" && c.status == 200) {
			t.Errorf("%s with %q: %d %s", c.method, c.headers, resp.StatusCode, body)
		}
	}
}

func TestARouteWithoutARuleStopsTheStart(t *testing.T) {
	handle := ok("")
	for _, c := range []struct {
		route web.Route
		want  string
	}{
		{web.Route{Pattern: "GET /a", Handle: handle}, `route "GET /a": has no rule on who may ask`},
		{web.Route{Pattern: "GET /a", Handle: handle, Rule: web.Rule{Object: "x", Cache: web.NoStore}}, "set Rule.Who"},
		{web.Route{Pattern: "GET /a", Handle: handle, Rule: web.Rule{Who: web.Anyone, Cache: web.NoStore}}, "set Rule.Object"},
		{web.Route{Pattern: "GET /a", Handle: handle, Rule: web.Rule{Who: web.Anyone, Object: "x"}}, "set Rule.Cache"},
		{web.Route{Pattern: "POST /a", Handle: handle, Rule: web.Rule{Who: web.Anyone, Object: "x", Cache: web.Public}}, "Rule.Cache is NoStore"},
		{web.Route{Pattern: "GET /a", Rule: anyone}, "has no handler"},
		{web.Route{Pattern: "/a", Handle: handle, Rule: anyone}, "is not a method, a space and a path"},
		{web.Route{Pattern: "GET host/a", Handle: handle, Rule: anyone}, "is not a method, a space and a path"},
		{web.Route{Pattern: "GET /a/", Handle: handle, Rule: anyone}, "end in a slash"},
		{web.Route{Pattern: "GET /a/{rest...}", Handle: handle, Rule: anyone}, "end in a slash"},
		{web.Route{Pattern: "GET /", Handle: handle, Rule: anyone}, "/{$}"},
		{web.Route{Pattern: "HEAD /a", Handle: handle, Rule: anyone}, "no route answers itself"},
		{web.Route{Pattern: "GET /{a", Handle: handle, Rule: anyone}, "bad wildcard"},
		{web.Route{Pattern: "GET /taken", Handle: handle, Rule: anyone}, "conflicts"},
	} {
		_, err := web.New(web.Options{Origin: origin(t, "http://localhost"), Routes: []web.Route{
			{Pattern: "GET /taken", Handle: handle, Rule: anyone}, c.route, {Pattern: "GET /also", Handle: handle},
		}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "/also") {
			t.Errorf("%q: %v; want %q, and the other wrong route", c.route.Pattern, err, c.want)
		}
	}
	if _, err := web.New(web.Options{}); err == nil {
		t.Error("a server without a public address starts")
	}
}

// An answer that was begun is cut, so that it does not look whole; a reader who left is not logged.
func TestWhatMayBeKept(t *testing.T) {
	log, book := logger()
	var handle web.Handler
	routes := []web.Route{}
	for name, c := range map[string]web.Cache{"pages": web.Pages, "public": web.Public, "immutable": web.Immutable, "private": web.Private, "nostore": web.NoStore} {
		routes = append(routes, web.Route{Pattern: "GET /" + name, Rule: web.Rule{Who: web.Anyone, Object: "x", Cache: c},
			Handle: func(w http.ResponseWriter, r *http.Request) error { return handle(w, r) }})
	}
	s, err := web.New(web.Options{Origin: origin(t, "http://example.com"), Routes: routes, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"pages": "public, max-age=0, must-revalidate", "public": "public, max-age=0, must-revalidate",
		"immutable": "public, max-age=31536000, immutable", "private": "private, no-cache", "nostore": "no-store",
	}
	handlers := map[string]web.Handler{
		"plain":    ok("x"),
		"a cookie": func(w http.ResponseWriter, r *http.Request) error { w.Header().Set("Set-Cookie", "a=b"); return nil },
		"404":      func(w http.ResponseWriter, r *http.Request) error { w.WriteHeader(404); return nil },
		"an error": func(w http.ResponseWriter, r *http.Request) error { return errors.New("x") },
	}
	for how := range handlers {
		handle = handlers[how]
		for name, caching := range want {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest("GET", "/"+name, nil))
			if how == "an error" || how != "plain" && strings.HasPrefix(caching, "public") {
				caching = "no-store"
			}
			if got := w.Header().Get("Cache-Control"); got != caching {
				t.Errorf("%s of %s: %q; want %q", how, name, got, caching)
			}
		}
	}
	if n := book.count("sets a cookie"); n != 3 {
		t.Errorf("three public routes set a cookie, the log has %d", n)
	}
}

func TestScriptHashes(t *testing.T) {
	// echo -n 'alert(1)' | openssl dgst -sha256 -binary | base64
	const alert = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
	page := `<!doctype html><script>alert(1)</script><p>text</p>
<script type="application/json" id="words">{"a":"</p>"}</script><script src="/a.js">alert(2)</script>
<SCRIPT TYPE="module">alert(1)</SCRIPT><script></script><!-- <script>alert(3)</script> --><script>a` + "\r\n" + `b</script>`
	got := web.ScriptHashes([]byte(page))
	if len(got) != 2 || got[0] != alert {
		t.Errorf("%q; want %q and one more", got, alert)
	}
	if unix := web.ScriptHashes([]byte("<script>a\nb</script>")); len(unix) != 1 || unix[0] != got[1] {
		t.Errorf("line ends make a difference: %q", got)
	}
	if p := (web.CSP{}).String(); !strings.Contains(p, "script-src 'self';") || strings.Contains(p, "unsafe") {
		t.Errorf("%s", p)
	}
	p := web.CSP{Scripts: got, Ancestors: "*", ReportURI: "/csp"}.String()
	if !strings.Contains(p, "script-src 'self' "+alert+" ") || !strings.Contains(p, "frame-ancestors *;") || !strings.HasSuffix(p, "; report-uri /csp") {
		t.Errorf("%s", p)
	}
}

// FuzzAddress sends any request target: what answers 200 has one form, and what redirects leads there.
// What stands before a page from the cache is all that a hit costs here.
func TestAHitAllocatesLittle(t *testing.T) {
	const most = 5
	body, length := bytes.Repeat([]byte("x"), 20_000), []string{strconv.Itoa(20_000)}
	s, err := web.New(web.Options{Origin: origin(t, "https://news.example"), Pages: func(w http.ResponseWriter, r *http.Request) bool {
		w.Header()["Content-Length"] = length
		w.WriteHeader(200)
		w.Write(body)
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	w, r := &bareWriter{http.Header{}}, httptest.NewRequest("GET", "/articles/4711002983?utm_source=x", nil)
	r.Host = "news.example:443"
	r.Header.Set("Cookie", "__Host-prefs=l.dark")
	if n := testing.AllocsPerRun(200, func() { s.ServeHTTP(w, r) }); n > most {
		t.Errorf("%v allocations; want at most %d", n, most)
	} else {
		t.Logf("%v allocations", n)
	}
}

type bareWriter struct{ header http.Header }

func (w *bareWriter) Header() http.Header         { return w.header }
func (w *bareWriter) WriteHeader(int)             {}
func (w *bareWriter) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkBeforeAHit(b *testing.B) {
	s, err := web.New(web.Options{Origin: origin(b, "https://news.example"), Pages: func(http.ResponseWriter, *http.Request) bool { return true }})
	if err != nil {
		b.Fatal(err)
	}
	w, r := &bareWriter{http.Header{}}, httptest.NewRequest("GET", "/articles/4711002983", nil)
	r.Host = "news.example"
	b.ReportAllocs()
	for b.Loop() {
		s.ServeHTTP(w, r)
	}
}
