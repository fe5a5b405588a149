//go:build browser

package browser_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// expected is what axe cannot decide and need not. ▲ and ▼ are no text to it;
// they have the colour of the figure beside them. A place at the edge of a
// phone's section line is cut off, and scrolled to; it looks like the others.
const expected = `/^<span data-arrow.*only non-text characters|^<a href="#\w+">.*partially obscured/`

var axeSource = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("testdata/axe.min.js")
	return string(b), err
})

// axe checks the page as it stands, with all rules that axe itself has switched
// on. It runs in a world of its own, so the page's CSP needs no exception. What
// axe cannot decide fails too, but for expected.
func (b *tab) axe() {
	b.t.Helper()
	eval[bool](b, `(scrollTo(0, 0), true)`) // else what sticks to the top covers text
	source, err := axeSource()
	b.must(err)
	tree := call(b, page.GetFrameTree, cdp.Empty{})
	world := call(b, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.Frame.ID, WorldName: "axe"})
	call(b, runtime.Evaluate, runtime.EvaluateParams{Expression: source + ";0", ContextID: world.ExecutionContextID})
	result := call(b, runtime.Evaluate, runtime.EvaluateParams{
		Expression: `(async () => {
			for (;;) {
				const rows = [...document.querySelectorAll("[data-board] *")];
				const {violations, incomplete} = await axe.run(document, {resultTypes: ["violations", "incomplete"]});
				// A board may have been taken anew from a fresh page meanwhile.
				if (!rows.every((e) => e.isConnected)) continue;
				return JSON.stringify([...violations, ...incomplete].map(({id, help, nodes}) => ({id, help, nodes: nodes
					.map((n) => n.html.slice(0, 160) + " — " + [...n.any, ...n.all, ...n.none].map((c) => c.message).join("; "))
					.filter((text) => !(` + expected + `).test(text)).slice(0, 5)})).filter((v) => v.nodes.length));
			}
		})()`,
		ContextID: world.ExecutionContextID, AwaitPromise: new(true), ReturnByValue: new(true),
	})
	if result.ExceptionDetails != nil {
		b.t.Fatalf("axe: %s", result.ExceptionDetails.Text)
	}
	var text string
	b.must(json.Unmarshal(result.Result.Value, &text))
	var findings []struct {
		ID, Help string
		Nodes    []string
	}
	b.must(json.Unmarshal([]byte(text), &findings))
	for _, f := range findings {
		b.t.Errorf("axe %s: %s\n\t%s", f.ID, f.Help, strings.Join(f.Nodes, "\n\t"))
	}
}

// choose sets size and theme by the cookie that /prefs sets.
func (r *reader) choose(b *tab, size, theme string) {
	r.t.Helper()
	for name, value := range map[string]string{"size": size, "theme": theme} {
		eval[bool](b, fmt.Sprintf(`fetch("/prefs", {method: "POST", body: new URLSearchParams({%s: %q}), redirect: "manual"}).then(() => true)`, name, value))
	}
}
