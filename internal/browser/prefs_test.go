//go:build browser

package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

// sizes are the five steps and what the body text measures at each.
var sizes = []struct{ name, px string }{{"xs", "15px"}, {"s", "16px"}, {"m", "17px"}, {"l", "20px"}, {"xl", "24px"}}

const bodySize = `getComputedStyle(document.querySelector("article .body p")).fontSize`

// watchFrames notes the size of the text in each frame from the first one on.
const watchFrames = `
	window.frames = [];
	(function note() {
		const p = document.querySelector("article .body p");
		if (p) window.frames.push(getComputedStyle(p).fontSize);
		if (window.frames.length < 30) requestAnimationFrame(note);
	})();
	new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shift = (window.shift ?? 0) + e.value; })
		.observe({type: "layout-shift", buffered: true});`

func TestSizes(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	r := newReader(t, g.URL)
	b, other := r.open(articlePath, desktop), r.open(articlePath, phone)
	if got := eval[string](b, bodySize); got != "17px" {
		t.Errorf("the text begins at %s, want 17px", got)
	}
	for _, size := range sizes {
		b.click(fmt.Sprintf(`article [data-prefs] button[value=%s]`, size.name))
		if got := eval[string](b, bodySize); got != size.px {
			t.Errorf("size %s is %s, want %s at once", size.name, got, size.px)
		}
		b.until(fmt.Sprintf(`document.cookie.includes("prefs=%s.auto")`, size.name))
		other.until(fmt.Sprintf(`document.documentElement.dataset.size === %q`, size.name))
		other.until(fmt.Sprintf(`[...document.querySelectorAll("article [data-prefs] button")].every((b) => b.getAttribute("aria-pressed") === String(b.value === %q))`, size.name))
	}

	next := r.blank(desktop)
	call(next, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchFrames})
	next.visit(articlePath)
	next.until(`window.frames.length >= 30`)
	for _, px := range eval[[]string](next, `window.frames`) {
		if px != "24px" {
			t.Fatalf("the next page flashed at %s: %v", px, eval[[]string](next, `window.frames`))
		}
	}
	if shift := eval[float64](next, `window.shift ?? 0`); shift > 0.01 {
		t.Errorf("the next page shifted by %v", shift)
	}
}

func TestSizesScaleAllThatBelongsToTheStory(t *testing.T) {
	t.Parallel()
	b := newReader(t, newGate(t, shared.URL).URL).open(articlePath, desktop)
	for _, part := range []string{"article figcaption", "[data-reactions] button span", "[data-board] tbody td", "article h1"} {
		px := func() float64 {
			return eval[float64](b, fmt.Sprintf(`parseFloat(getComputedStyle(document.querySelector(%q)).fontSize)`, part))
		}
		b.click(`article [data-prefs] button[value=m]`)
		usual := px()
		b.click(`article [data-prefs] button[value=xl]`)
		if large := px(); large < usual*1.2 {
			t.Errorf("%s grows from %v to %v px only", part, usual, large)
		}
	}
}

func TestPrefsByKeyboard(t *testing.T) {
	t.Parallel()
	b := newReader(t, newGate(t, shared.URL).URL).open(articlePath, desktop)
	for _, choice := range []struct{ name, value, key string }{{"size", "l", kb.Enter}, {"theme", "dark", " "}} {
		eval[bool](b, `(document.activeElement?.blur(), getSelection().removeAllRanges(), scrollTo(0, 0), true)`)
		reached := false
		for range 200 {
			b.press(kb.Tab)
			if eval[bool](b, fmt.Sprintf(`document.activeElement.matches("[data-prefs] button[value=%s]")`, choice.value)) {
				reached = true
				break
			}
		}
		if !reached {
			t.Fatalf("Tab does not reach the button %s", choice.value)
		}
		if !eval[bool](b, `(() => { const s = getComputedStyle(document.activeElement); return document.activeElement.matches(":focus-visible") && (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2); })()`) {
			t.Errorf("the focus on %s is not visible", choice.value)
		}
		b.press(choice.key)
		b.until(fmt.Sprintf(`document.documentElement.dataset.%s === %q`, choice.name, choice.value))
		if !eval[bool](b, fmt.Sprintf(`document.activeElement.value === %q`, choice.value)) {
			t.Errorf("the focus did not stay on %s", choice.value)
		}
	}
	b.until(`document.cookie.includes("prefs=l.dark")`)
	b.visit("/")
	if got := eval[string](b, `document.documentElement.dataset.size + "." + document.documentElement.dataset.theme`); got != "l.dark" {
		t.Errorf("the front has %s, want l.dark", got)
	}
}

func TestPrefsWithoutScript(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	r := newReader(t, g.URL)
	without := desktop
	without.noScript = true
	b := r.open(articlePath, without)
	for _, size := range sizes {
		b.click(fmt.Sprintf(`article [data-prefs] button[value=%s]`, size.name))
		b.until(fmt.Sprintf(`document.readyState === "complete" && location.pathname === %q && %s === %q`, articlePath, bodySize, size.px))
	}
	b.click(`.foot [data-prefs] button[value=dark]`)
	b.until(`document.readyState === "complete" && getComputedStyle(document.body).colorScheme.includes("dark")`)
	// The cookie is the one that the script reads.
	with := r.open(articlePath, desktop)
	if got := eval[string](with, `document.documentElement.dataset.size + "." + document.documentElement.dataset.theme`); got != "xl.dark" {
		t.Errorf("with script the page has %s, want xl.dark", got)
	}
}
