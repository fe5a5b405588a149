package accept_test

import (
	"strings"
	"testing"

	"sokbo/internal/accept"
)

func TestNegotiate(t *testing.T) {
	const br, zstd, gzip, identity = accept.Brotli, accept.Zstd, accept.Gzip, accept.Identity
	for _, c := range []struct {
		header string // lines apart by |
		want   accept.Encoding
	}{
		{"", identity},
		{"gzip, deflate, br, zstd", br},
		{"gzip, deflate, zstd", zstd},
		{"gzip", gzip},
		{"x-gzip", gzip},
		{"GZip", gzip},
		{"deflate", identity},
		{"gzip|br", br},
		{"br;q=0.5, gzip;q=0.8", gzip},
		{"br;q=0.5,gzip;q=0.500", br},
		{"br;q=0, gzip", gzip},
		{"br ; Q=0.1 , gzip;q=0.2", gzip},
		{"gzip;q=0.5, identity", identity},
		{"gzip;q=0.001", gzip},
		{"*", br},
		{"*;q=0.5, gzip;q=1", gzip},
		{"br;q=0, *", zstd},
		{"br;q=0, zstd;q=0, gzip;q=0, *", identity},
		{"*;q=0", identity},
		{"*;q=0, gzip", gzip},
		{"identity;q=0, gzip;q=0.1", gzip},
		{"identity;q=0", identity}, // nothing is acceptable: the header is disregarded
		{"identity;q=1, *;q=0", identity},
		{"br;q=2, gzip", gzip},
		{"br;q=0.1234, gzip", gzip},
		{"br;q=, gzip", gzip},
		{"br;q=1.001, gzip", gzip},
		{"br;level=5;q=0.1, gzip;q=0.2", gzip},
		{", ,, gzip ,", gzip},
		{";q=1", identity},
		{"brotli", identity},
	} {
		if got := accept.Negotiate(strings.Split(c.header, "|")); got != c.want {
			t.Errorf("Negotiate(%q) = %v; want %v", c.header, got, c.want)
		}
	}
	if got := accept.Negotiate(nil); got != identity {
		t.Errorf("without a header: %v; want identity", got)
	}
}

func TestJSON(t *testing.T) {
	for header, want := range map[string]bool{
		"":                         false,
		"*/*":                      false,
		"application/json":         true,
		"application/problem+json": true,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		"application/json, text/plain, */*":                               true,
		"application/json;q=0.5, text/html;q=0.4":                         true,
		"application/json;q=0.5, text/html;q=0.5":                         false,
		"application/*, text/html;q=0.9":                                  true,
		"application/json;q=0, application/*, */*;q=0":                    false,
		"text/*": false,
	} {
		if got := accept.JSON([]string{header}); got != want {
			t.Errorf("JSON(%q) = %v; want %v", header, got, want)
		}
	}
}

func TestHas(t *testing.T) {
	for header, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b", W/"a"`: true, `"b","a"`: true, `*`: true,
		``: false, `"b"`: false, `a`: false, `"ab"`: false, `w/"a"`: false,
	} {
		if got := accept.Has([]string{header}, `"a"`); got != want {
			t.Errorf("Has(%q) = %v; want %v", header, got, want)
		}
	}
	if accept.Has([]string{"*"}, "") {
		t.Error("a page without an etag is had")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	encoding, media, etags := []string{"gzip, deflate, br;q=0.9, zstd"}, []string{"text/html, application/json;q=0.5, */*"}, []string{`"x", W/"y"`}
	if n := testing.AllocsPerRun(100, func() {
		accept.Negotiate(encoding)
		accept.JSON(media)
		accept.Has(etags, `"y"`)
	}); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}

// A coding that the header does not name, not even by a star, is never sent; lists mean the same in one
// line and in many.
func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"", "gzip, br;q=0", "*;q=0,identity;q=0.5", "br;q=0.;q=1", "zstd;;q=1,=,;", "identity;q=0, br ;q=0.001\t"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := accept.Negotiate([]string{header})
		if got != accept.Identity && !strings.Contains(header, "*") && !strings.Contains(strings.ToLower(header), got.String()) {
			t.Errorf("%q: %v is chosen, and nothing names it", header, got)
		}
		if many := accept.Negotiate(strings.Split(header, ",")); many != got {
			t.Errorf("%q: %v in one line, %v in many", header, got, many)
		}
		starless := strings.ReplaceAll(header, "*", "")
		if got := accept.Negotiate([]string{starless, "*;q=0"}); got != accept.Negotiate([]string{starless}) {
			t.Errorf("%q: %v, because of *;q=0", starless, got)
		}
	})
}
