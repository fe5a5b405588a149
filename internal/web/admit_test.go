package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"sokbo/internal/web"
)

func TestKnownHosts(t *testing.T) {
	routes := []web.Route{{Pattern: "GET /{$}", Rule: anyone, Handle: ok("front")}}
	for _, c := range []struct {
		origin string
		host   string
		known  bool
	}{
		{"https://news.example", "news.example", true},
		{"https://news.example", "NEWS.example:443", true},
		{"https://news.example", "news.example:8080", true},
		{"https://news.example", "localhost", false},
		{"https://news.example", "127.0.0.1:8080", false},
		{"https://news.example", "www.news.example", false},
		{"https://news.example", "news.example.evil.example", false},
		{"https://news.example", "news.example.", false},
		{"https://news.example", "", false},
		{"http://localhost:8080", "localhost:8080", true},
		{"http://localhost:8080", "LOCALHOST", true},
		{"http://localhost:8080", "127.0.0.1:8080", true},
		{"http://localhost:8080", "127.9.9.9", true},
		{"http://localhost:8080", "[::1]:8080", true},
		{"http://localhost:8080", "[::1]", true},
		{"http://localhost:8080", "[::ffff:127.0.0.1]", true},
		{"http://127.0.0.1:8080", "localhost", true},
		{"http://localhost:8080", "192.168.0.1:8080", false},
		{"http://localhost:8080", "localhost.evil.example", false},
		{"http://192.168.0.1:8080", "192.168.0.1:8080", true},
		{"http://192.168.0.1:8080", "127.0.0.1", false},
		{"http://[2001:db8::1]:8080", "[2001:db8::1]:8080", true},
	} {
		log, book := logger()
		s, err := web.New(web.Options{Origin: origin(t, c.origin), Routes: routes, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for path, want := range map[string]int{"/": 200, "/livez": 200, "/readyz": 200, "/other": 404} {
				if !c.known && (path == "/" || path == "/other") {
					want = 421
				}
				r := httptest.NewRequest("GET", path, nil)
				r.Host = c.host
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code != want {
					t.Errorf("%s asked as %q for %s: %d; want %d", c.origin, c.host, path, w.Code, want)
				}
			}
		}
		if n := book.count("SOKBO_TRUSTED_PROXIES"); !c.known && n != 1 || c.known && n != 0 {
			t.Errorf("%s asked as %q: the log says so %d times", c.origin, c.host, n)
		}
	}
}

func TestAddresses(t *testing.T) {
	log, book := logger()
	var addr netip.Addr
	var host, left string
	s, err := web.New(web.Options{
		Origin: origin(t, "https://news.example"), Log: log,
		Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		Routes: []web.Route{{Pattern: "GET /{$}", Rule: anyone, Handle: func(w http.ResponseWriter, r *http.Request) error {
			addr, host, left = web.Address(r), r.Host, r.Header.Get("X-Forwarded-For")+r.Header.Get("X-Real-Ip")+r.Header.Get("Forwarded")
			return nil
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peer, forwarded, host string
		want                  string
		status                int
	}{
		{"192.0.2.1:99", "", "news.example", "192.0.2.1", 200},
		{"[2001:db8::1%eth0]:99", "", "news.example", "2001:db8::1", 200},
		{"[::ffff:192.0.2.1]:99", "", "news.example", "192.0.2.1", 200},
		{"10.1.1.1:99", "192.0.2.7", "news.example", "192.0.2.7", 200},
		{"[::ffff:10.1.1.1]:99", "192.0.2.7", "news.example", "192.0.2.7", 200},
		{"10.1.1.1:99", "6.6.6.6, 192.0.2.7, 10.2.2.2", "news.example", "192.0.2.7", 200},
		{"10.1.1.1:99", "6.6.6.6|192.0.2.7", "news.example", "192.0.2.7", 200},
		{"10.1.1.1:99", "10.3.3.3, 10.2.2.2", "news.example", "10.3.3.3", 200},
		{"10.1.1.1:99", "::ffff:192.0.2.7", "news.example", "192.0.2.7", 200},
		{"10.1.1.1:99", "192.0.2.7, ::ffff:10.2.2.2", "news.example", "192.0.2.7", 200},
		{"10.1.1.1:99", "2001:db8::7", "news.example", "2001:db8::7", 200},
		{"[fd00::1]:99", "[2001:db8::7]", "news.example", "2001:db8::7", 200},
		{"10.1.1.1:99", "192.0.2.7, unknown", "news.example", "10.1.1.1", 200},
		{"10.1.1.1:99", "evil, 10.2.2.2", "news.example", "10.2.2.2", 200},
		{"10.1.1.1:99", "192.0.2.7", "10.1.1.2:8080", "192.0.2.7", 421},
		{"192.0.2.1:99", "192.0.2.7", "news.example", "192.0.2.1", 200},
		{"pipe", "", "news.example", "invalid IP", 200},
	} {
		addr = netip.Addr{}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host = c.peer, c.host
		if c.forwarded != "" {
			r.Header["X-Forwarded-For"] = strings.Split(c.forwarded, "|")
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.status || w.Code == 200 && (addr.String() != c.want || left != "") {
			t.Errorf("%s for %q as %s: %d %v, headers left %q; want %d %s", c.peer, c.forwarded, c.host, w.Code, addr, left, c.status, c.want)
		}
	}

	// The host that readers asked for comes from the proxy too, and from nobody else.
	for peer, want := range map[string]int{"10.1.1.1:9": 200, "192.0.2.1:9": 421} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host = peer, "upstream:8080"
		r.Header.Set("X-Forwarded-Host", "evil.example, news.example")
		r.Header.Set("X-Real-Ip", "6.6.6.6")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want || want == 200 && host != "news.example" {
			t.Errorf("X-Forwarded-Host from %s: %d %s", peer, w.Code, host)
		}
	}
	if n := book.count("forwarded headers from a peer that is no trusted proxy"); n != 1 {
		t.Errorf("the log warns %d times", n)
	}
}

func TestNetworks(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.7": "192.0.2.7/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := web.Network(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s is of %s; want %s", addr, got, want)
		}
	}
	if web.Network(netip.Addr{}).IsValid() {
		t.Error("no address has a network")
	}
}

func TestOrigins(t *testing.T) {
	for s, want := range map[string]string{
		"https://News.Example/":     "https://news.example",
		"https://news.example:443":  "https://news.example",
		"https://news.example:8443": "https://news.example:8443",
		"http://localhost:8080":     "http://localhost:8080",
		"http://[::1]:80":           "http://[::1]",
		"http://xn--910b.example":   "http://xn--910b.example",
	} {
		if o := origin(t, s); o.String() != want || o.URL("/a") != want+"/a" || o.HTTPS() != strings.HasPrefix(want, "https") ||
			o.Loopback() != (strings.Contains(s, "localhost") || strings.Contains(s, "::1")) {
			t.Errorf("%s is %s", s, o)
		}
	}
	for _, s := range []string{"", "news.example", "ftp://news.example", "https://", "https://news.example/path", "https://u@news.example",
		"https://news.example?q", "https://news.example#f", "https://속보.example", "https://news.example:port", "//news.example"} {
		if o, err := web.ParseOrigin(s); err == nil {
			t.Errorf("%q is taken as %s", s, o)
		} else if !strings.Contains(err.Error(), "write") {
			t.Errorf("%q: %v does not say what to do", s, err)
		}
	}
}

func TestCookies(t *testing.T) {
	for s, want := range map[string]string{
		"https://news.example":  "__Host-prefs=l.dark; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax",
		"http://localhost:8080": "prefs=l.dark; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
		"http://news.example":   "prefs=l.dark; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
	} {
		o := origin(t, s)
		w := httptest.NewRecorder()
		o.SetCookie(w, http.Cookie{Name: "prefs", Value: "l.dark", MaxAge: 60, HttpOnly: true, Domain: "example", Path: "/x"})
		if got := w.Header().Get("Set-Cookie"); got != want {
			t.Errorf("%s: %s; want %s", s, got, want)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "prefs=plain; __Host-prefs=prefixed")
		if got := o.Cookie(r, "prefs"); got == "prefixed" != o.HTTPS() {
			t.Errorf("%s reads %s", s, got)
		}
		if got := o.Cookie(r, "other"); got != "" {
			t.Errorf("%s reads %s", s, got)
		}
	}
}

func FuzzAddress(f *testing.F) {
	log := slog.New(slog.DiscardHandler)
	s, err := web.New(web.Options{Origin: mustOrigin("http://localhost"), Log: log, Routes: []web.Route{
		{Pattern: "GET /{$}", Rule: anyone, Handle: ok("front")},
		{Pattern: "GET /{a}", Rule: anyone, Handle: ok("one")},
		{Pattern: "GET /{a}/{b}", Rule: anyone, Handle: ok("two")},
		{Pattern: "GET /{a}/{b}/c", Rule: anyone, Handle: ok("three")},
	}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"/", "//", "/a/", "/a/../b", "/%2e%2e/", "/a%2Fb", "/a%2fb/..%2f", "/속보", "/%EC%86%8D", "/%ec%86%8d", "/a;b=c", "/(a)!'*", "/a//b/./c/", "/a/b/c", "/a%3Fb", "/%25", "/a%20b", "/+", "/a\\b", "/%5C", "//evil.example/%2e%2e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" && !strings.HasPrefix(target, "/") || u.Scheme != "" || len(target) > 2000 {
			return
		}
		get := func(u *url.URL) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, &http.Request{Method: "GET", Host: "localhost", URL: u, RequestURI: u.RequestURI(), Header: http.Header{}, Body: http.NoBody})
			return w
		}
		w := get(u)
		switch w.Code {
		case 200:
			if canonical := (&url.URL{Path: u.Path}).EscapedPath(); canonical != u.EscapedPath() {
				t.Errorf("%q answers as %q does", target, canonical)
			}
		case 308:
			to := w.Header().Get("Location")
			next, err := url.ParseRequestURI(to)
			if err != nil || next.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
				t.Fatalf("%q leads to %q: %v", target, to, err)
			}
			if code := get(next).Code; code != 200 && code != 404 {
				t.Errorf("%q leads to %q, which answers %d", target, to, code)
			}
		case 404, 400, 414:
		default:
			t.Errorf("%q: %d %v", target, w.Code, w.Header())
		}
	})
}

func mustOrigin(s string) web.Origin {
	o, err := web.ParseOrigin(s)
	if err != nil {
		panic(err)
	}
	return o
}
