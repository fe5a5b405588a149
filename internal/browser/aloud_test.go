//go:build browser

package browser_test

import (
	"strings"
	"testing"
	"time"
)

func TestReadAloud(t *testing.T) {
	t.Parallel()
	b := newReader(t, newGate(t, shared.URL).URL).open("/", desktop)
	if on := eval[bool](b, `document.querySelectorAll("[data-board] [aria-live], [data-board] [role=status], [data-board][aria-live]").length > 0`); on {
		t.Error("price cells are a live region")
	}
	eval[bool](b, `(() => {
		const status = document.querySelector("[data-aloud-status]");
		window.said = [];
		new MutationObserver(() => window.said.push([performance.now(), status.textContent])).observe(status, {childList: true, characterData: true, subtree: true});
		return status.textContent === "";
	})()`)
	b.click("[data-aloud]")
	b.until(`document.querySelector("[data-aloud]").getAttribute("aria-pressed") === "true"`)
	b.untilWithin(2*time.Minute, `window.said.filter(([, text]) => text.includes("%")).length >= 2`)
	said := eval[[][2]any](b, `window.said.filter(([, text]) => text.includes("%"))`)
	if apart := said[1][0].(float64) - said[0][0].(float64); apart < 29_900 {
		t.Errorf("two summaries stood %.0f ms apart", apart)
	}
	names := eval[[]string](b, `[...document.querySelectorAll("[data-board] [data-name]")].map((n) => n.textContent.trim())`)
	for _, one := range said {
		named := 0
		for _, name := range names {
			if strings.Contains(one[1].(string), name+" ") {
				named++
			}
		}
		if named == 0 {
			t.Errorf("a summary names nothing: %q", one[1])
		}
	}
	t.Logf("%q", said)
	b.visit("/")
	b.until(`document.querySelector("[data-aloud]").getAttribute("aria-pressed") === "true"`)
	b.click("[data-aloud]")
	b.until(`document.querySelector("[data-aloud]").getAttribute("aria-pressed") === "false"`)
}
