package web_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"sokbo/internal/web"
)

func TestAssets(t *testing.T) {
	script := strings.Repeat("export const 속보 = 1;\n", 200)
	assets, err := web.NewAssets(fstest.MapFS{
		"page.js":           {Data: []byte(script)},
		"page.css":          {Data: []byte("p{margin:0}")},
		"fonts/serif.woff2": {Data: bytes.Repeat([]byte{0}, 1000)},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.New(web.Options{Origin: origin(t, "http://example.com"), Routes: []web.Route{assets.Route()}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(method, target, coding, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Accept-Encoding", coding)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}

	address := assets.URL("page.js")
	if !regexp.MustCompile(`^/assets/[0-9a-f]{16}/page\.js$`).MatchString(address) {
		t.Fatalf("the script is at %s", address)
	}
	etags := map[string]bool{}
	for coding, decode := range map[string]func(io.Reader) (io.Reader, error){
		"":     func(r io.Reader) (io.Reader, error) { return r, nil },
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		w := get("GET", address, coding, "")
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Encoding") != coding || h.Get("Content-Type") != "text/javascript; charset=utf-8" ||
			h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Vary") != "Accept-Encoding" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("%q: %d %v", coding, w.Code, h)
		}
		if coding != "" && w.Body.Len() > len(script)/10 {
			t.Errorf("%q: %d bytes of %d", coding, w.Body.Len(), len(script))
		}
		d, err := decode(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(d); err != nil || string(got) != script {
			t.Errorf("%q: %d bytes, %v", coding, len(got), err)
		}
		etag := h.Get("ETag")
		etags[etag] = true
		if w := get("GET", address, coding, etag); w.Code != 304 || w.Body.Len() > 0 || w.Header().Get("ETag") != etag ||
			w.Header().Get("Vary") == "" || w.Header().Get("Content-Encoding") != "" || w.Header().Get("Cache-Control") != h.Get("Cache-Control") {
			t.Errorf("%q again: %d %v", coding, w.Code, w.Header())
		}
		head := get("HEAD", address, coding, "")
		if head.Code != 200 || head.Body.Len() > 0 || head.Header().Get("Content-Length") != h.Get("Content-Length") {
			t.Errorf("HEAD %q: %d %v", coding, head.Code, head.Header())
		}
	}
	if len(etags) != 4 {
		t.Errorf("%d ETags for 4 codings", len(etags))
	}

	font := get("GET", assets.URL("serif.woff2"), "br, gzip", "")
	if h := font.Header(); font.Code != 200 || font.Body.Len() != 1000 || h.Get("Content-Encoding") != "" || h.Get("Vary") != "" || h.Get("Content-Type") != "font/woff2" {
		t.Errorf("a font: %d, %d bytes, %v", font.Code, font.Body.Len(), h)
	}

	for _, wrong := range []string{
		strings.Replace(address, "page.js", "page.css", 1), "/assets/0123456789abcdef/page.js", "/assets/0123456789abcdef/none.js",
		"/assets/page.js", address + "/x", strings.ToUpper(address),
	} {
		if w := get("GET", wrong, "", ""); w.Code != 404 || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", wrong, w.Code, w.Header().Get("Cache-Control"))
		}
	}
	if w := get("POST", address, "", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}

	changed, err := web.NewAssets(fstest.MapFS{"page.js": {Data: []byte(script + ";")}})
	if err != nil || changed.URL("page.js") == address {
		t.Errorf("other bytes stand at the same address; %v", err)
	}
	if _, err := web.NewAssets(fstest.MapFS{"a.exe": {}}); err == nil || !strings.Contains(err.Error(), "a.exe") {
		t.Errorf("a file of unknown type: %v", err)
	}
	if _, err := web.NewAssets(fstest.MapFS{"a/x.js": {}, "b/x.js": {}}); err == nil || !strings.Contains(err.Error(), "b/x.js") {
		t.Errorf("two files of one name: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a name that is not there has an address")
		}
	}()
	assets.URL("none.js")
}
