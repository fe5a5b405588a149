package theme_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/andybalholm/brotli"

	"sokbo/internal/site/theme"
)

func newTheme(t testing.TB) *theme.Theme {
	t.Helper()
	th, err := theme.New(asset)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// each renders every sample in every language.
func each(t *testing.T, check func(t *testing.T, name string, p theme.Page, html []byte)) {
	th := newTheme(t)
	for _, language := range theme.Languages {
		all := samples(t, language)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			t.Run(language+"/"+name, func(t *testing.T) {
				b, err := th.Render(all[name])
				if err != nil {
					t.Fatal(err)
				}
				check(t, name, all[name], b)
			})
		}
	}
}

func TestPagesAreWellFormed(t *testing.T) {
	each(t, func(t *testing.T, name string, _ theme.Page, html []byte) {
		for _, fault := range faults(html) {
			t.Error(fault)
		}
	})
}

// What the policy of the pages blocks must not be in them.
var forbidden = regexp.MustCompile(`(?i)<[^>]+\s(style|on[a-z]+)\s*=|<style|javascript:|ZgotmplZ`)

func TestPagesNeedNothingThatThePolicyForbids(t *testing.T) {
	each(t, func(t *testing.T, name string, _ theme.Page, html []byte) {
		if m := forbidden.Find(html); m != nil {
			t.Errorf("the page holds %s", m)
		}
		inline := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllSubmatch(html, -1)
		if len(inline) != 1 || string(inline[0][1]) != theme.BootScript {
			t.Errorf("inline scripts are %q, want the boot script alone", inline)
		}
		if i, j := bytes.Index(html, []byte("<script>")), bytes.Index(html, []byte(`rel="stylesheet"`)); i > j {
			t.Error("the boot script stands after the style sheet, so the first paint has the wrong size")
		}
	})
}

func TestJSONInPagesIsJSON(t *testing.T) {
	blocks := regexp.MustCompile(`(?s)<script type="application/(?:ld\+)?json"[^>]*>(.*?)</script>`)
	each(t, func(t *testing.T, name string, _ theme.Page, html []byte) {
		found := blocks.FindAllSubmatch(html, -1)
		if len(found) == 0 {
			t.Error("the page has no words for its script")
		}
		for _, b := range found {
			if !json.Valid(b[1]) {
				t.Errorf("no JSON: %s", b[1])
			}
		}
	})
}

func TestTextsAreEscapedOnce(t *testing.T) {
	b, err := newTheme(t).Render(samples(t, "ko")["article-odd"])
	if err != nil {
		t.Fatal(err)
	}
	if want := `<h1>&lt;/script&gt;&lt;b&gt;&#34;&#39;&amp;amp;&lt;!-- {{.}} `; !bytes.Contains(b, []byte(want)) {
		t.Errorf("the headline is not %s", want)
	}
}

// TestPagesHoldWhatTheScriptHoldsOnTo checks the marks that docs/page-script.md lists.
func TestPagesHoldWhatTheScriptHoldsOnTo(t *testing.T) {
	b, err := newTheme(t).Render(article(t, "ko"))
	if err != nil {
		t.Fatal(err)
	}
	html := string(b)
	for mark, want := range map[string]int{
		`<html lang="ko" data-size="m" data-theme="auto">`:                    1,
		`<body data-live="board.crypto,board.movers,article.4711002983,site"`: 1,
		` data-version="3"`: 1,
		`<form class="sizes" data-prefs method="post" action="/prefs">`:                            1,
		`<form class="theme" data-prefs method="post" action="/prefs">`:                            1,
		`<button name="size" value=`:                                                               5,
		`<button name="theme" value=`:                                                              3,
		`<form data-reactions="4711002983" method="post" action="/articles/4711002983/reactions">`: 1,
		`<button name="reaction" value=`:                                                           4,
		`<p class="said" data-said role="status">`:                                                 1,
		` data-count="more">1,206<`:                                                                1,
		` data-board="crypto"`:                                                                     2, // the strip and the rail
		` data-board="movers" data-ranked`:                                                         1,
		` data-rows`:                                                                               3,
		` data-foot>`:                                                                              3,
		`<tr data-key=`:                                                                            18,
		`<li data-key=`:                                                                            3,
		`<span data-basis="24h">`:                                                                  1,
		`<time data-asof datetime="2026-11-24T14:00:31.123&#43;09:00">14:00:31</time>`: 2,
		`data-pause aria-pressed="false" hidden`:                                       1,
		`data-aloud aria-pressed="false" hidden`:                                       1,
		`data-aloud-status role="status"`:                                              1,
		`<span class="connection" data-connection></span>`:                             1,
		`data-changed role="status" hidden`:                                            1,
		`data-share hidden`:                                                            1,
		`data-share-said role="status"`:                                                1,
		`data-print hidden`:                                                            1,
		`<span class="rate" data-rate data-direction="down"><span data-arrow aria-hidden="true">▼</span><span class="unseen" data-word>하락</span> <span data-percent>−3.11%</span></span>`: 1,
	} {
		if got := strings.Count(html, mark); got != want {
			t.Errorf("%d times %s; want %d", got, mark, want)
		}
	}
	if i, j := strings.Index(html, "data-pause"), strings.Index(html, "data-key"); i > j {
		t.Error("the pause control stands after the first moving part")
	}
}

func TestEveryWordIsThereInEveryLanguage(t *testing.T) {
	places := regexp.MustCompile(`\{\w+\}`)
	var walk func(path string, a, b reflect.Value)
	walk = func(path string, a, b reflect.Value) {
		switch a.Kind() {
		case reflect.String:
			if a.String() == "" || b.String() == "" {
				t.Errorf("%s is empty", path)
			}
			x, y := places.FindAllString(a.String(), -1), places.FindAllString(b.String(), -1)
			slices.Sort(x)
			slices.Sort(y)
			if !slices.Equal(x, y) {
				t.Errorf("%s has the places %v and %v", path, x, y)
			}
		case reflect.Struct:
			for i := range a.NumField() {
				walk(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		case reflect.Array:
			for i := range a.Len() {
				walk(fmt.Sprint(path, "[", i, "]"), a.Index(i), b.Index(i))
			}
		case reflect.Map:
			if a.Len() != b.Len() {
				t.Errorf("%s has %d and %d entries", path, a.Len(), b.Len())
			}
			for _, k := range a.MapKeys() {
				if v := b.MapIndex(k); v.IsValid() {
					walk(fmt.Sprint(path, "[", k, "]"), a.MapIndex(k), v)
				} else {
					t.Errorf("%s[%s] is missing", path, k)
				}
			}
		default:
			t.Errorf("%s is a %s, which this test does not look into", path, a.Kind())
		}
	}
	korean := reflect.ValueOf(theme.In("ko")).Elem()
	for _, language := range theme.Languages {
		w := theme.In(language)
		if w.Language != language {
			t.Errorf("the words of %s say that they are of %s", language, w.Language)
		}
		walk(language, korean, reflect.ValueOf(w).Elem())
	}
	if theme.In("xx") != nil {
		t.Error("there are words of a language that is none")
	}
}

// TestWordsAreInTheirLanguage finds words that were copied and not translated.
func TestWordsAreInTheirLanguage(t *testing.T) {
	for language, foreign := range map[string]*unicode.RangeTable{"en": unicode.Hangul, "ja": unicode.Hangul, "ko": unicode.Katakana} {
		w := *theme.In(language)
		for _, r := range fmt.Sprintf("%+v", w) {
			if unicode.Is(foreign, r) {
				t.Errorf("the words of %s hold %q", language, r)
			}
		}
	}
}

func TestHeavyPagesKeepTheirBudget(t *testing.T) {
	const budget = 30_000 // bytes of HTML, compressed
	each(t, func(t *testing.T, name string, _ theme.Page, html []byte) {
		var b bytes.Buffer
		w := brotli.NewWriterLevel(&b, 5)
		w.Write(html)
		w.Close()
		if b.Len() > budget {
			t.Errorf("the page is %d bytes compressed; want at most %d", b.Len(), budget)
		}
	})
}

func TestPreferencesAsAStyle(t *testing.T) {
	for _, c := range []struct {
		prefs theme.Prefs
		want  string
	}{
		{theme.Prefs{Size: "m", Theme: "auto"}, ":root{font-size:106.25%;}\n"},
		{theme.Prefs{Size: "xl", Theme: "dark"}, ":root{font-size:150%;color-scheme:dark}\n"},
		{theme.Prefs{Size: "xs", Theme: "light"}, ":root{font-size:93.75%;color-scheme:light}\n"},
		{theme.Prefs{Size: "}x{", Theme: "}y{"}, ":root{}\n"},
	} {
		if got := c.prefs.Style(); !strings.HasPrefix(got, c.want) {
			t.Errorf("the style of %v is %q; want it to begin with %q", c.prefs, got, c.want)
		}
	}
}

func TestFill(t *testing.T) {
	if got := theme.Fill("{n}판 {n} {m}", "n", "3"); got != "3판 3 {m}" {
		t.Errorf("Fill = %q", got)
	}
}
