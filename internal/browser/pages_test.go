//go:build browser

package browser_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var evaluateObject = runtime.Evaluate

func objectOf(selector string) runtime.EvaluateParams {
	return runtime.EvaluateParams{Expression: fmt.Sprintf(`document.querySelector(%q)`, selector)}
}

// readersPages are one page of each family and the status that it has.
func readersPages() map[string]string {
	return map[string]string{
		"front":    "/",
		"front-en": "/en",
		"front-ja": "/ja",
		"article":  articlePath,
		"history":  articlePath + "/history",
		"reaction": articlePath + "/reaction",
		"prefs":    "/prefs",
		"404":      "/articles/0000000000",
	}
}

// Every page in both themes, at both widths and at the usual and the largest
// size; nothing is wider than the screen.
func TestPagesAreAccessible(t *testing.T) {
	for _, theme := range []string{"light", "dark"} {
		for _, size := range []string{"m", "xl"} {
			t.Run(theme+"/"+size, func(t *testing.T) {
				t.Parallel()
				r := newReader(t, newGate(t, shared.URL).URL)
				b := r.open("/prefs", desktop)
				b.allow(`log: network .*404`)
				r.choose(b, size, theme)
				for name, path := range readersPages() {
					for _, v := range []view{phone, desktop} {
						b.see(still(v))
						b.visit(path)
						b.settled()
						b.axe()
						if t.Failed() {
							t.Fatalf("on %s at %d px", name, v.width)
						}
					}
				}
			})
		}
	}
}

// still is the same without flashes: while one runs, axe cannot tell a contrast.
func still(v view) view {
	v.still = true
	return v
}

// settled waits until the page's moving parts have their first state.
func (b *tab) settled() {
	b.t.Helper()
	b.until(`document.readyState === "complete" && (!document.querySelector("[data-connection]") || ["live", "paused"].includes(document.querySelector("[data-connection]").dataset.connection))`)
}

func TestStatesAreAccessible(t *testing.T) {
	for _, state := range []string{"stale", "halted", "delayed", "closed", "delisted", "unknown", "paused", "late", "chosen", "empty", "printed"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			program, article := shared.URL, articlePath
			switch state {
			case "empty":
				program = empty.URL
			case "printed", "chosen":
				p := own(t, map[string][]string{"chosen": {"SOKBO_FEEDS=simulated"}}[state]...)
				program, article = p.URL, p.article
			}
			g := newGate(t, program)
			for _, theme := range []string{"light", "dark"} {
				r := newReader(t, g.URL)
				b := r.open("/prefs", still(phone))
				r.choose(b, "m", theme)
				paths := []string{"/", article}
				switch state {
				case "empty":
					paths = paths[:1]
				case "chosen":
					paths = []string{article, article + "/reaction"}
				case "stale", "halted", "delayed", "closed", "delisted", "unknown":
					g.answer("GET /live", boardIn(t, g.URL, state))
				}
				for _, path := range paths {
					b.visit(path)
					switch state {
					case "empty":
						b.until(`document.readyState === "complete"`)
					case "printed":
						b.until(`document.querySelector("[data-basis=stated]") !== null`)
						b.settled()
					case "paused":
						b.settled()
						if path == "/" {
							b.click("[data-pause]") // and the article follows
						}
						b.until(`document.querySelector("[data-connection]").dataset.connection === "paused"`)
					case "late":
						b.settled()
						b.allow(`log: network `)
						g.fail()
						b.until(`document.querySelector("[data-connection]").dataset.connection === "late"`)
					case "chosen":
						b.settled()
						if path == article {
							b.react("more")
							b.until(`document.querySelector("[data-said]").textContent !== ""`)
						}
					case "unknown":
						b.until(`document.querySelector("[data-key] [data-rate]").dataset.direction === "none"`)
					default:
						b.until(fmt.Sprintf(`[...document.querySelectorAll("[data-board=crypto] [data-key]")].every((row) => row.dataset.state === %q && row.querySelector("[data-state-word]").textContent !== "")`, state))
					}
					for _, v := range []view{phone, desktop} {
						b.see(still(v))
						b.axe()
						b.fits()
					}
					if state == "late" {
						g.heal()
					}
				}
			}
		})
	}
}

// What the tabs of these tests call a fault they do notice.
func TestTabsNoticeFaults(t *testing.T) {
	t.Parallel()
	for fault, make := range map[string]string{
		"CSP: style-src-attr":            `document.body.setAttribute("style", "color: red")`,
		"CSP: require-trusted-types-for": `try { document.body.innerHTML = "<p>" } catch {}`,
		"CSP: connect-src":               `fetch("https://elsewhere.example/").catch(() => {})`,
		"console.error":                  `console.error("x")`,
		"exception: ":                    `setTimeout(() => { throw new Error("x") })`,
		"log: network":                   `fetch("/nowhere")`,
	} {
		b := newReader(t, newGate(t, shared.URL).URL).open("/prefs", phone)
		b.do(chromedp.Evaluate[chromedp.Void](make))
		eventually(t, soon, fault, func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			seen := slices.ContainsFunc(b.faults, func(f string) bool { return strings.HasPrefix(f, fault) })
			if seen {
				b.faults = nil
				b.allowed = []*regexp.Regexp{regexp.MustCompile("")}
			}
			return seen
		})
	}
}

// boardIn answers /live with the program's boards, all rows put in one state.
func boardIn(t *testing.T, program, state string) http.HandlerFunc {
	t.Helper()
	var frames strings.Builder
	frames.WriteString("retry: 2000\n\n")
	for _, name := range []string{"crypto", "movers"} {
		r, err := http.Get(program + "/api/v1/boards/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var board map[string]any
		err = json.NewDecoder(r.Body).Decode(&board)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, quote := range board["quotes"].([]any) {
			quote := quote.(map[string]any)
			quote["state"] = state
			if state == "unknown" {
				quote["state"], quote["price"], quote["change"], quote["changeRate"], quote["at"] = "stale", nil, nil, nil, nil
			}
		}
		board["topic"] = "board." + name
		text, err := json.Marshal(board)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&frames, "event: snapshot\nid: 1\ndata: %s\n\n", text)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, frames.String())
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// fits checks that nothing is wider than the screen.
func (b *tab) fits() {
	b.t.Helper()
	wide := eval[[]string](b, `(() => {
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width) return [];
		return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width + 1).slice(0, 5).map((e) => e.outerHTML.slice(0, 120)).concat(["scrollWidth " + document.documentElement.scrollWidth]);
	})()`)
	if len(wide) > 0 {
		b.t.Errorf("%s scrolls sideways: %s", eval[string](b, `location.pathname + " at " + innerWidth + " px, size " + document.documentElement.dataset.size`), strings.Join(wide, "\n\t"))
	}
}

func TestNarrowestScreen(t *testing.T) {
	t.Parallel()
	r := newReader(t, newGate(t, shared.URL).URL)
	b := r.open("/prefs", view{width: 320, height: 640})
	b.allow(`log: network .*404`)
	for _, size := range []string{"m", "xl"} {
		r.choose(b, size, "auto")
		for _, path := range readersPages() {
			b.visit(path)
			b.settled()
			b.fits()
		}
	}
}

func TestPagesInOtherLanguages(t *testing.T) {
	t.Parallel()
	r := newReader(t, newGate(t, shared.URL).URL)
	names := make(map[string]string)
	for language, path := range map[string]string{"ko": "/", "ja": "/ja", "en": "/en"} {
		b := r.open(path, desktop)
		b.settled()
		if got := eval[string](b, `document.documentElement.lang`); got != language {
			t.Errorf("%s has lang %q", path, got)
		}
		names[language] = b.text("[data-pause]")
		b.click("[data-pause]")
		b.until(`document.querySelector("[data-connection]").dataset.connection === "paused"`)
		said := b.text("[data-connection]")
		if hangul := strings.ContainsFunc(said, func(c rune) bool { return c >= '가' && c <= '힣' }); hangul != (language == "ko") {
			t.Errorf("%s says %q", path, said)
		}
		b.click("[data-pause]")
	}
	if names["ko"] == names["en"] || names["ko"] == names["ja"] {
		t.Errorf("the pause control is called %q", names)
	}
}

func TestForcedColours(t *testing.T) {
	t.Parallel()
	r := newReader(t, newGate(t, shared.URL).URL)
	for _, theme := range []string{"light", "dark"} {
		v := still(phone)
		v.forced, v.theme = true, theme
		for _, path := range []string{"/", articlePath} {
			b := r.open(path, v)
			b.settled()
			if !eval[bool](b, `matchMedia("(forced-colors: active)").matches`) {
				t.Fatal("no forced colours")
			}
			b.axe()
			b.drawn()
		}
		b := r.open(articlePath, v)
		// A choice is seen by more than a colour of our own, which is gone here.
		looks := func(value string) string {
			return eval[string](b, fmt.Sprintf(`(() => { const s = getComputedStyle(document.querySelector("article [data-prefs] button[value=%s]")); return [s.backgroundColor, s.color, s.outlineStyle, s.borderTopWidth, s.borderBottomWidth, s.textDecorationLine, s.fontWeight].join(); })()`, value))
		}
		if looks("m") == looks("l") {
			t.Errorf("with forced colours (%s) the chosen size looks like the others: %s", theme, looks("m"))
		}
	}
}

// drawn checks that a picture of the page shows more than an empty sheet.
func (b *tab) drawn() {
	b.t.Helper()
	ctx, cancel := contextSoon(b)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	b.must(err)
	if n := colours(b.t, png); n < 8 {
		b.t.Errorf("the page shows %d colours", n)
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	b := newReader(t, newGate(t, shared.URL).URL).open(articlePath, desktop)
	b.settled()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	for _, hidden := range []string{"[data-prefs]", "[data-pause]", "[data-reactions]", "nav"} {
		if eval[bool](b, fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility())`, hidden)) {
			t.Errorf("%s is printed", hidden)
		}
	}
	if got := eval[string](b, `getComputedStyle(document.querySelector("h1")).color + " on " + getComputedStyle(document.body).backgroundColor`); got != "rgb(0, 0, 0) on rgb(255, 255, 255)" && got != "rgb(0, 0, 0) on rgba(0, 0, 0, 0)" {
		t.Errorf("the print is %s", got)
	}
	paper := call(b, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69})
	if !strings.HasPrefix(string(paper.Data), "%PDF") || len(paper.Data) < 10_000 {
		t.Errorf("the PDF holds %d bytes", len(paper.Data))
	}
}
