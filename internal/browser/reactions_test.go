//go:build browser

package browser_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
)

// counted waits until the form shows these counts and this choice ("" for none).
func (b *tab) counted(like, angry, sad, more int, mine string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`(() => {
		const form = document.querySelector("[data-reactions]");
		const counts = ["like", "angry", "sad", "more"].map((kind) => form.querySelector("[data-count=" + kind + "]").textContent).join();
		const pressed = [...form.querySelectorAll("[aria-pressed=true]")].map((button) => button.value).join();
		return counts === "%d,%d,%d,%d" && pressed === %q;
	})()`, like, angry, sad, more, mine))
}

func (b *tab) react(kind string) {
	b.t.Helper()
	b.click(fmt.Sprintf(`[data-reactions] button[value=%s]`, kind))
}

func TestReactionsCountAndLast(t *testing.T) {
	t.Parallel()
	p := own(t, "SOKBO_FEEDS=simulated")
	g := newGate(t, p.URL)
	r := newReader(t, g.URL)
	b := r.open(p.article, phone)
	b.counted(0, 0, 0, 0, "")
	b.react("like")
	b.counted(1, 0, 0, 0, "like")
	b.until(`document.querySelector("[data-said]").textContent !== ""`)
	b.react("more")
	b.counted(0, 0, 0, 1, "more")
	b.visit(p.article)
	b.counted(0, 0, 0, 1, "more")

	p.restart(g)
	b.allow(`log: network .*/live`)
	b.visit(p.article)
	b.counted(0, 0, 0, 1, "more")
	b.react("more")
	b.counted(0, 0, 0, 0, "")
	b.until(`document.querySelector("[data-said]").textContent !== ""`)
	b.visit(p.article)
	b.counted(0, 0, 0, 0, "")
	for _, s := range b.requests()[len(b.requests())-1:] {
		if strings.HasSuffix(s.URL, "/mine") {
			t.Error("a browser that has not reacted asks for its reaction")
		}
	}
}

func TestOthersCountsMoveInSilence(t *testing.T) {
	t.Parallel()
	p := own(t, "SOKBO_FEEDS=simulated")
	g := newGate(t, p.URL)
	r := newReader(t, g.URL)
	all := make([]*tab, 8)
	for i := range all {
		all[i] = r.open(p.article, phone)
	}
	name := all[0].name(`[data-reactions] button[value=sad]`)
	newReader(t, g.URL).open(p.article, phone).react("sad")
	newReader(t, g.URL).open(p.article, phone).react("more")
	for _, b := range all {
		b.counted(0, 0, 1, 1, "")
		if said := b.text("[data-said]"); said != "" {
			t.Errorf("others' reactions were told: %q", said)
		}
	}
	if after := all[0].name(`[data-reactions] button[value=sad]`); after != name || strings.ContainsAny(name, "0123456789") {
		t.Errorf("the button's name went from %q to %q", name, after)
	}
	// One's own reaction stands on one's other tabs.
	all[0].react("like")
	for _, b := range all {
		b.counted(1, 0, 1, 1, "like")
	}
}

// name is the accessible name.
func (b *tab) name(selector string) string {
	b.t.Helper()
	call(b, accessibility.Enable, cdp.Empty{})
	object := call(b, evaluateObject, objectOf(selector))
	nodes := call(b, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: object.Result.ObjectID, FetchRelatives: new(false)})
	var name string
	b.must(json.Unmarshal(nodes.Nodes[0].Name.Value, &name))
	return name
}

func TestReactionIsHonest(t *testing.T) {
	t.Parallel()
	p := own(t, "SOKBO_FEEDS=simulated")
	g := newGate(t, p.URL)
	b := newReader(t, g.URL).open(p.article, phone)
	b.react("angry")
	b.counted(0, 1, 0, 0, "angry")
	b.until(`document.querySelector("[data-said]").textContent !== ""`)
	b.allow(`log: network .*/(reactions|live)`)

	address := "POST /api/v1" + p.article + "/reactions"
	words := func(kind string) string {
		return eval[string](b, fmt.Sprintf(`JSON.parse(document.getElementById("words").textContent).failed[%q]`, kind))
	}
	for kind, status := range map[string]int{"tooMany": http.StatusTooManyRequests, "full": http.StatusInsufficientStorage, "other": http.StatusInternalServerError} {
		asked, answer := make(chan struct{}), make(chan struct{})
		g.answer(address, func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-answer
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			io.WriteString(w, `{"status":0}`)
		})
		b.react("like")
		<-asked
		b.counted(1, 0, 0, 0, "like") // at once
		close(answer)
		b.counted(0, 1, 0, 0, "angry") // true again
		if said, want := b.text("[data-said]"), words(kind); said != want || want == "" {
			t.Errorf("after %d the page says %q, want %q", status, said, want)
		}
	}
	g.answer(address, nil)
	g.fail()
	b.react("like")
	b.counted(0, 1, 0, 0, "angry")
	b.until(fmt.Sprintf(`document.querySelector("[data-said]").textContent === %q`, words("offline")))
	g.heal()
	b.visit(p.article)
	b.counted(0, 1, 0, 0, "angry")
}

func TestLastPressWins(t *testing.T) {
	t.Parallel()
	p := own(t, "SOKBO_FEEDS=simulated")
	g := newGate(t, p.URL)
	b := newReader(t, g.URL).open(p.article, phone)
	asked, answer := make(chan string, 8), make(chan struct{})
	g.answer("POST /api/v1"+p.article+"/reactions", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- string(body)
		<-answer
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		g.proxy.ServeHTTP(w, r)
	})
	b.react("like")
	if first := <-asked; !strings.Contains(first, "like") {
		t.Errorf("asked %s first", first)
	}
	b.react("like") // takes back
	b.counted(0, 0, 0, 0, "")
	b.react("sad")
	b.react("more")
	b.counted(0, 0, 0, 1, "more")
	if n := len(asked); n != 0 {
		t.Errorf("%d requests went out while one was not answered", n)
	}
	close(answer)
	if last := <-asked; !strings.Contains(last, "more") {
		t.Errorf("asked %s last", last)
	}
	b.until(`document.querySelector("[data-said]").textContent !== ""`)
	b.counted(0, 0, 0, 1, "more")
	b.visit(p.article)
	b.counted(0, 0, 0, 1, "more")
	if n := len(asked); n != 0 {
		t.Errorf("%d requests too many", n)
	}
}

func TestReactionsWithoutScript(t *testing.T) {
	t.Parallel()
	p := own(t, "SOKBO_FEEDS=simulated")
	r := newReader(t, newGate(t, p.URL).URL)
	without := phone
	without.noScript = true
	b := r.open(p.article, without)
	mine := p.article + "/reaction"
	arrived := func(pressed string) {
		t.Helper()
		b.until(fmt.Sprintf(`document.readyState === "complete" && location.pathname === %q && [...document.querySelectorAll("[data-reactions] [aria-pressed=true]")].map((b) => b.value).join() === %q`, mine, pressed))
	}
	b.react("like")
	arrived("like")
	b.counted(1, 0, 0, 0, "like")
	b.react("more")
	arrived("more")
	b.counted(0, 0, 0, 1, "more")
	b.click(`form button[name=reaction][value=""]`)
	arrived("")
	b.counted(0, 0, 0, 0, "")
}
