package site

import (
	"testing"
	"time"
)

func TestPaceLeavesHalfTheProcessors(t *testing.T) {
	for _, c := range []struct {
		readers, processors int
		want                time.Duration
	}{
		{0, 2, 500 * time.Millisecond},
		{10_000, 2, 500 * time.Millisecond},
		{100_000, 2, 1500 * time.Millisecond},
		{100_000, 8, 500 * time.Millisecond},
		{10_000_000, 2, 10 * time.Second},
	} {
		if got := pace(c.readers, c.processors); got != c.want {
			t.Errorf("pace(%d, %d) = %v; want %v", c.readers, c.processors, got, c.want)
		}
	}
}

func TestNextLeadsNowhereElse(t *testing.T) {
	for next, want := range map[string]string{
		"/articles/1234567890":   "/articles/1234567890",
		"/en":                    "/en",
		"/a?b=c":                 "/a?b=c",
		"":                       "/",
		"//evil.example":         "/",
		`/\evil.example`:         "/",
		"/\t/evil.example":       "/",
		"https://evil.example/":  "/",
		"javascript:alert(1)":    "/",
		"/a#//evil":              "/a",
		"/%2f/evil.example":      "/",
		"/" + string(rune(0x7f)): "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("localPath(%q) = %q; want %q", next, got, want)
		}
	}
}
