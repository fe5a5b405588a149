//go:build browser

package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// frames answers /live with what comes through the channel.
func frames(c <-chan string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "retry: 2000\n\n")
		for {
			http.NewResponseController(w).Flush()
			select {
			case frame := <-c:
				io.WriteString(w, frame)
			case <-r.Context().Done():
				return
			}
		}
	}
}

func frame(kind string, seq int, data string) string {
	return fmt.Sprintf("event: %s\nid: %d\ndata: %s\n\n", kind, seq, data)
}

func TestOpenArticleIsToldOfChanges(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	c := make(chan string, 4)
	g.answer("GET /live", frames(c))
	b := newReader(t, g.URL).open(articlePath, still(phone))
	topic := "article." + strings.TrimPrefix(articlePath, "/articles/")
	state := func(kind string, seq, version int, state string) {
		c <- frame(kind, seq, fmt.Sprintf(`{"topic":%q,"version":%d,"state":%q,"modified":"2026-11-23T14:00:00.000+09:00","counts":{"like":%d,"angry":0,"sad":0,"more":0}}`, topic, version, state, seq))
	}
	words := func(kind string) string {
		return eval[string](b, fmt.Sprintf(`JSON.parse(document.getElementById("words").textContent)[%q]`, kind))
	}
	here := eval[int](b, `Number(document.body.dataset.version)`)
	state("snapshot", 1, here, "live")
	b.counted(1, 0, 0, 0, "")
	if !eval[bool](b, `document.querySelector("[data-changed]").hidden`) {
		t.Errorf("the page says %q of its own version", b.text("[data-changed]"))
	}
	state("update", 2, here+1, "live")
	b.until(fmt.Sprintf(`!document.querySelector("[data-changed]").hidden && document.querySelector("[data-changed]").textContent === %q`, words("changed")))
	b.axe()
	state("update", 3, here+1, "withdrawn")
	b.until(fmt.Sprintf(`document.querySelector("[data-changed]").textContent === %q`, words("withdrawn")))
}

func TestBreakingLineExistsOnlyThen(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	c := make(chan string, 4)
	g.answer("GET /live", frames(c))
	b := newReader(t, g.URL).open("/", still(phone))
	c <- frame("snapshot", 1, `{"topic":"site"}`)
	b.settled()
	if eval[bool](b, `document.querySelector("[data-breaking]") !== null`) {
		t.Error("there is a line without news")
	}
	c <- frame("update", 2, `{"topic":"site","breaking":{"text":"<b>한 줄</b>","url":"/articles/1"}}`)
	b.until(`document.querySelector("[data-breaking] a")?.textContent === "<b>한 줄</b>"`)
	b.axe()
	c <- frame("update", 3, `{"topic":"site","breaking":{"text":"밖","url":"//elsewhere.example/"}}`)
	b.until(`document.querySelector("[data-breaking]") === null`)
}

// An imported board stands until a feed has prices; then an open page takes the
// new rows, names and basis from the server.
func TestStatedBoardGivesWay(t *testing.T) {
	t.Parallel()
	p := own(t)
	g := newGate(t, p.URL)
	b := newReader(t, g.URL).open(p.article, desktop)
	b.allow(`log: network `)
	const foot = ".rail [data-board=crypto] [data-foot]"
	b.until(`document.querySelector(".rail [data-board=crypto] [data-basis]").dataset.basis === "stated"`)
	printed := b.text(foot)
	p.settings = []string{"SOKBO_FEEDS=simulated"}
	p.restart(g)
	// The first prices may come before their history; then the script asks for the page twice, a minute apart.
	b.untilWithin(2*time.Minute, `document.querySelector(".rail [data-board=crypto] [data-basis]")?.dataset.basis === "24h"`)
	b.until(`document.querySelector(".strip [data-stated]") === null`)
	if now := b.text(foot); now == printed {
		t.Errorf("the foot is still %q", now)
	}
	b.untilWithin(time.Minute, `document.querySelectorAll(".rail [data-board=movers] [data-key]").length > 0`)
	eval[bool](b, watchPrice)
	b.moving()
}

func TestShareAndPrint(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	r := newReader(t, g.URL)
	b := r.blank(desktop)
	_, err := chromedp.CallBrowser(r.ctx, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{
		Permission: &cdpbrowser.PermissionDescriptor{Name: "clipboard-write"}, Setting: cdpbrowser.PermissionSettingGranted,
		Origin: g.URL, BrowserContextID: chromedp.FromContext(r.ctx).BrowserContextID,
	})
	b.must(err)
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.prints = 0; window.print = () => window.prints++;`,
	})
	b.visit(articlePath)
	b.click("[data-print]")
	b.until(`window.prints === 1`)
	b.click("[data-share]")
	b.until(`document.querySelector("[data-share-said]").textContent === JSON.parse(document.getElementById("words").textContent).copied`)
	b.axe()
}

func TestRelativeTimes(t *testing.T) {
	t.Parallel()
	b := module(t, "times.js")
	got := eval[[]string](b, `(() => {
		const add = (name, more) => document.body.appendChild(Object.assign(document.createElement(name), more));
		add("script", {type: "application/json", id: "words", textContent: JSON.stringify({ago: {now: "방금", minutes: "{n}분 전", hours: "{n}시간 전"}})});
		const ages = [-120e3, 0, 59e3, 61e3, 59 * 60e3, 61 * 60e3, 23.9 * 3600e3, 24.1 * 3600e3];
		for (const age of ages) {
			const time = add("time", {textContent: "2026.11.23 14:00", dateTime: new Date(Date.now() - age).toISOString()});
			time.setAttribute("data-relative", "");
		}
		m.times();
		return [...document.querySelectorAll("time")].map((t) => {
			const [short, full] = t.children;
			return short.textContent + (full.className === "unseen" ? "|" : "+") + full.textContent + (t.title === full.textContent);
		});
	})()`)
	want := []string{"방금", "방금", "방금", "1분 전", "59분 전", "1시간 전", "23시간 전", ""}
	if len(got) != len(want) {
		t.Fatalf("%d times, want %d", len(got), len(want))
	}
	for i, short := range want {
		if short == "" {
			short = "+"
		} else {
			short += "|"
		}
		if full := short + "2026.11.23 14:00true"; got[i] != full {
			t.Errorf("time %d is %q, want %q", i, got[i], full)
		}
	}
}
