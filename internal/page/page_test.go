package page_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"sokbo/internal/fault"
	"sokbo/internal/page"
)

// A site is a cache with a rendering behind it, asked as a server would ask.
type site struct {
	*page.Cache
	render  page.Render
	renders int
}

func newSite(o page.Options, render page.Render) *site {
	s := &site{Cache: page.New(o)}
	s.render = func(ctx context.Context, r *http.Request) (page.Page, error) {
		s.renders++
		return render(ctx, r)
	}
	return s
}

// serve answers as web does, and fails the test where an error comes back.
func (s *site) serve(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if !s.Lookup(w, r) {
		if err := s.Serve(w, r, s.render); err != nil {
			t.Fatalf("%s: %v", r.URL, err)
		}
	}
	return w
}

func (s *site) get(t testing.TB, target string) string {
	t.Helper()
	return s.serve(t, httptest.NewRequest("GET", target, nil)).Body.String()
}

func text(body string, tags ...string) page.Render {
	return func(context.Context, *http.Request) (page.Page, error) {
		return page.Page{Type: "text/html; charset=utf-8", Body: []byte(body), Tags: tags}, nil
	}
}

var decoders = map[string]func(io.Reader) (io.Reader, error){
	"":     func(r io.Reader) (io.Reader, error) { return r, nil },
	"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
}

func TestOnePageInEveryCoding(t *testing.T) {
	body := strings.Repeat("속보 기사 본문 ", 500)
	s := newSite(page.Options{}, text(body, "story:1"))
	etags := map[string]bool{}
	for coding, decode := range decoders {
		for _, method := range []string{"GET", "GET", "HEAD"} {
			r := httptest.NewRequest(method, "/articles/1", nil)
			r.Header.Set("Accept-Encoding", coding)
			w := s.serve(t, r)
			h := w.Header()
			if w.Code != 200 || h.Get("Content-Encoding") != coding || !slices.Equal(h["Vary"], []string{"Accept-Encoding"}) ||
				h.Get("Cache-Control") != "public, max-age=0, must-revalidate" || h.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Fatalf("%s %q: %d %v", method, coding, w.Code, h)
			}
			etags[h.Get("ETag")] = true
			if method == "HEAD" {
				if w.Body.Len() > 0 || h.Get("Content-Length") == "0" {
					t.Errorf("HEAD %q: %d bytes, Content-Length %s", coding, w.Body.Len(), h.Get("Content-Length"))
				}
				continue
			}
			sent := w.Body.Bytes()
			if h.Get("Content-Length") != strconv.Itoa(len(sent)) {
				t.Errorf("%q: Content-Length %s for %d bytes", coding, h.Get("Content-Length"), len(sent))
			}
			if sum := sha256.Sum256(sent); h.Get("ETag") != `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"` {
				t.Errorf("%q: the ETag is not the hash of what was sent", coding)
			}
			d, err := decode(bytes.NewReader(sent))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(d); err != nil || string(got) != body {
				t.Errorf("%q: decodes to %d bytes, %v", coding, len(got), err)
			}
			if coding != "" && len(sent) > len(body)/4 {
				t.Errorf("%q: %d bytes of %d: not compressed", coding, len(sent), len(body))
			}
		}
	}
	if len(etags) != len(decoders) {
		t.Errorf("%d ETags for %d codings", len(etags), len(decoders))
	}
	if s.renders != len(decoders) {
		t.Errorf("%d renderings for %d codings", s.renders, len(decoders))
	}
}

func TestNotModified(t *testing.T) {
	s := newSite(page.Options{SharedMaxAge: 10 * time.Second}, text("a page"))
	etag := s.serve(t, httptest.NewRequest("GET", "/", nil)).Header().Get("ETag")
	for _, method := range []string{"GET", "HEAD"} {
		r := httptest.NewRequest(method, "/", nil)
		r.Header.Set("If-None-Match", `"old", W/`+etag)
		w := s.serve(t, r)
		want := http.Header{"Etag": {etag}, "Vary": {"Accept-Encoding"}, "Cache-Control": {"public, max-age=0, s-maxage=10, must-revalidate"}}
		if w.Code != 304 || w.Body.Len() > 0 || fmt.Sprint(w.Header()) != fmt.Sprint(want) {
			t.Errorf("%s: %d, %d bytes, %v", method, w.Code, w.Body.Len(), w.Header())
		}
	}
}

func TestARenderingKnowsNoReader(t *testing.T) {
	var got *http.Request
	s := newSite(page.Options{Query: []string{"page", "q"}}, func(_ context.Context, r *http.Request) (page.Page, error) {
		got = r
		return page.Page{Body: []byte(r.PathValue("number"))}, nil
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /articles/{number}/{rest...}", func(w http.ResponseWriter, r *http.Request) { s.serve(t, r) })
	r := httptest.NewRequest("HEAD", "http://News.Example:8080/articles/12/a/b?utm_source=x&q=%EA%B0%80+b&page=&q=c", nil)
	r.Header.Set("Cookie", "prefs=xl.dark")
	r.Header.Set("Accept-Language", "ja")
	mux.ServeHTTP(httptest.NewRecorder(), r)
	if got.Method != "GET" || got.Host != "news.example" || got.URL.String() != "/articles/12/a/b?q=%EA%B0%80+b" || got.RequestURI != got.URL.String() ||
		len(got.Header) != 0 || got.RemoteAddr != "" || got.PathValue("number") != "12" || got.PathValue("rest") != "a/b" || got.FormValue("q") != "가 b" {
		t.Errorf("the rendering was given %s %s %s %v %s", got.Method, got.Host, got.URL, got.Header, got.RemoteAddr)
	}
}

func TestTheKey(t *testing.T) {
	s := newSite(page.Options{Query: []string{"page", "q"}}, text("x"))
	for _, c := range []struct {
		target string
		same   bool // as one before
	}{
		{"http://a.example/list", false},
		{"http://a.example:80/list", true},
		{"http://A.EXAMPLE/list", true},
		{"http://b.example/list", false},
		{"http://a.example/list?utm=1&fbclid=2", true},
		{"http://a.example/list?page=", true},
		{"http://a.example/list?page=2", false},
		{"http://a.example/list?p%61ge=%32&page=3", true},
		{"http://a.example/list?page=2;q=1", true},
		{"http://a.example/list?q=1&page=2", false},
		{"http://a.example/list?page=2&q=1", true},
		{"http://a.example/list?page=%zz", true},
		{"http://a.example/list?pages=2", true},
		{"http://a.example/List", false},
	} {
		before := s.renders
		r := httptest.NewRequest("GET", "/", nil)
		rest := strings.TrimPrefix(c.target, "http://")
		r.Host, rest, _ = strings.Cut(rest, "/")
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut("/"+rest, "?")
		s.serve(t, r)
		if same := s.renders == before; same != c.same {
			t.Errorf("%s: the same page as one before: %v; want %v", c.target, same, c.same)
		}
	}
}

func TestWhatIsNotKept(t *testing.T) {
	status := func(code int) page.Render {
		return func(context.Context, *http.Request) (page.Page, error) {
			return page.Page{Status: code, Body: []byte("x"), Header: http.Header{"Location": {"/"}}}, nil
		}
	}
	for name, c := range map[string]struct {
		target string
		render page.Render
	}{
		"404":          {"/a", status(404)},
		"301":          {"/a", status(301)},
		"a long path":  {"/" + strings.Repeat("a", page.MaxKeyBytes), text("x")},
		"a long query": {"/?q=" + strings.Repeat("a", page.MaxKeyBytes), text("x")},
		"a large page": {"/a", text(strings.Repeat("x", 1<<20/8))},
	} {
		s := newSite(page.Options{MaxBytes: 1 << 20, Query: []string{"q"}}, c.render)
		first, second := s.get(t, c.target), s.get(t, c.target)
		if pages, bytes := s.Size(); first != second || s.renders != 2 || pages != 0 || bytes != 0 {
			t.Errorf("%s: %d renderings for 2 requests, %d pages kept, %d bytes", name, s.renders, pages, bytes)
		}
	}
	s := newSite(page.Options{}, status(404))
	if h := s.serve(t, httptest.NewRequest("GET", "/", nil)).Header(); h.Get("Cache-Control") != "no-store" || h.Get("ETag") != "" || h.Get("Location") != "/" {
		t.Errorf("404 says %v", h)
	}
}

func TestErrorsOfARendering(t *testing.T) {
	broken := errors.New("broken")
	cookie := page.Page{Header: http.Header{"set-cookie": {"id=1"}}}
	for name, c := range map[string]struct {
		render page.Render
		want   string
	}{
		"an error": {func(context.Context, *http.Request) (page.Page, error) { return page.Page{}, broken }, "broken"},
		"a fault": {func(context.Context, *http.Request) (page.Page, error) {
			return page.Page{}, fault.New(fault.Gone, "withdrawn", "it was withdrawn")
		}, "it was withdrawn"},
		"a panic":  {func(context.Context, *http.Request) (page.Page, error) { panic("at the disco") }, "at the disco"},
		"a cookie": {func(context.Context, *http.Request) (page.Page, error) { return cookie, nil }, "Set-Cookie"},
	} {
		s := newSite(page.Options{}, c.render)
		for range 2 {
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
			if s.Lookup(w, r) {
				t.Fatalf("%s was kept", name)
			}
			err := s.Serve(w, r, s.render)
			if err == nil || !strings.Contains(err.Error(), c.want) || w.Body.Len() > 0 || len(w.Header()) > 0 {
				t.Errorf("%s: %v; wrote %q %v", name, err, w.Body, w.Header())
			}
		}
	}
}

// Between Lookup and Serve another reader's rendering may have ended.
func TestServeLooksAgain(t *testing.T) {
	s := newSite(page.Options{}, text("x"))
	for range 2 {
		if err := s.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), s.render); err != nil {
			t.Fatal(err)
		}
	}
	if s.renders != 1 {
		t.Errorf("%d renderings", s.renders)
	}
}

func TestOnlyGetAndHeadAreLookedUp(t *testing.T) {
	s := newSite(page.Options{}, text("x"))
	s.get(t, "/")
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if s.Lookup(httptest.NewRecorder(), httptest.NewRequest(method, "/", nil)) {
			t.Errorf("%s was answered", method)
		}
	}
}

func TestDropTakesWhatCarriesTheTag(t *testing.T) {
	s := newSite(page.Options{}, func(_ context.Context, r *http.Request) (page.Page, error) {
		return page.Page{Body: []byte("x"), Tags: []string{"all", "page:" + r.URL.Path}}, nil
	})
	targets := []string{"/a", "/b", "/c"}
	kept := func() (n int) {
		for _, target := range targets {
			if s.Lookup(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil)) {
				n++
			}
		}
		return n
	}
	fill := func() {
		for _, target := range targets {
			s.get(t, target)
		}
	}
	for _, c := range []struct {
		drop func()
		left int
	}{
		{func() { s.Drop(nil) }, 3},
		{func() { s.Drop([]string{"page:/d"}) }, 3},
		{func() { s.Drop([]string{"page:/b"}) }, 2},
		{func() { s.Drop([]string{"page:/a", "page:/c", "page:/a"}) }, 1},
		{func() { s.Drop([]string{"all"}) }, 0},
		{s.Reset, 0},
	} {
		fill()
		c.drop()
		if got := kept(); got != c.left {
			t.Errorf("%d of 3 pages left; want %d", got, c.left)
		}
	}
	if pages, bytes := s.Size(); pages != 0 || bytes != 0 {
		t.Errorf("an empty cache counts %d pages, %d bytes", pages, bytes)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	const most = 1 << 20
	s := newSite(page.Options{MaxBytes: most}, text(strings.Repeat("x", 10_000), "tag"))
	s.get(t, "/front")
	for i := range 500 {
		s.get(t, "/articles/"+strconv.Itoa(i))
		s.get(t, "/front") // read between all others: it stays
	}
	pages, bytes := s.Size()
	if bytes > most || pages < 80 || pages > 100 {
		t.Errorf("%d pages count %d bytes; the limit is %d", pages, bytes, most)
	}
	if s.renders != 501 {
		t.Errorf("%d renderings for 501 pages: the front page was let go", s.renders)
	}
	for i := range 500 { // a stranger's query names make no pages
		s.get(t, "/front?x="+strconv.Itoa(i))
	}
	if s.renders != 501 {
		t.Errorf("%d renderings after 500 unknown queries", s.renders)
	}
	s.Drop([]string{"tag"})
	if pages, bytes := s.Size(); pages != 0 || bytes != 0 {
		t.Errorf("after dropping all: %d pages, %d bytes", pages, bytes)
	}
}

// bareWriter is a ResponseWriter that costs nothing, so that only the cache is counted.
type bareWriter struct{ header http.Header }

func (w *bareWriter) Header() http.Header         { return w.header }
func (w *bareWriter) WriteHeader(int)             {}
func (w *bareWriter) Write(b []byte) (int, error) { return len(b), nil }

func TestAHitAllocatesNothing(t *testing.T) {
	const most = 5 // the promise is 20 together with what stands before
	for name, target := range map[string]string{"plain": "/articles/1", "with a query": "/articles/1?utm_source=a&page=2"} {
		s := newSite(page.Options{Query: []string{"page"}}, text(strings.Repeat("x", 60_000), "story:1"))
		w, r := &bareWriter{http.Header{}}, httptest.NewRequest("GET", target, nil)
		r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
		s.serve(t, r)
		hits := testing.AllocsPerRun(200, func() {
			if !s.Lookup(w, r) {
				t.Fatal("not a hit")
			}
		})
		r.Header.Set("If-None-Match", w.header.Get("ETag"))
		unchanged := testing.AllocsPerRun(200, func() { s.Lookup(w, r) })
		t.Logf("%s: %v allocations for 200, %v for 304", name, hits, unchanged)
		if hits > most || unchanged > most || s.renders != 1 {
			t.Errorf("%s: %v allocations for 200, %v for 304, %d renderings; want at most %d", name, hits, unchanged, s.renders, most)
		}
	}
}

func BenchmarkHit(b *testing.B) {
	s := newSite(page.Options{Query: []string{"page"}}, text(strings.Repeat("x", 60_000), "story:1"))
	r := httptest.NewRequest("GET", "/articles/1", nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	s.serve(b, r)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		w := &bareWriter{http.Header{}}
		for pb.Next() {
			if !s.Lookup(w, r) {
				b.Fatal("not a hit")
			}
		}
	})
}

func BenchmarkMiss(b *testing.B) {
	body := strings.Repeat("<p>속보 기사 본문, 오늘의 상승종목 "+strconv.Itoa(12345)+"</p>\n", 900)
	for _, coding := range []string{"br", "zstd", "gzip", "identity"} {
		b.Run(coding, func(b *testing.B) {
			s := newSite(page.Options{}, text(body, "story:1"))
			r := httptest.NewRequest("GET", "/articles/1", nil)
			r.Header.Set("Accept-Encoding", coding)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				s.Drop([]string{"story:1"})
				s.serve(b, r)
			}
		})
	}
}

var quiet = slog.New(slog.DiscardHandler)
