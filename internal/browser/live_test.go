//go:build browser

package browser_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// changes counts how often the price in the page has changed since it was asked.
const watchPrice = `(() => {
	window.moves = 0;
	window.movesAt = [];
	new MutationObserver(() => { window.moves++; window.movesAt.push(performance.now()); })
		.observe(document.querySelector("[data-board] [data-price]"), {childList: true, characterData: true, subtree: true});
	return true;
})()`

// newestTime is the newest of the times that stand on the page's boards.
func (b *tab) newestTime() string {
	b.t.Helper()
	return eval[string](b, `[...document.querySelectorAll("[data-asof]")].map((t) => t.textContent).sort().at(-1)`)
}

// moving waits until the tab's board moves from now on.
func (b *tab) moving() time.Duration {
	b.t.Helper()
	eval[bool](b, `(window.moves = 0, true)`)
	return b.untilWithin(soon, `window.moves > 0`)
}

func tabs(r *reader, n int, path string) []*tab {
	all := make([]*tab, n)
	for i := range all {
		all[i] = r.open(path, desktop)
		eval[bool](all[i], watchPrice)
	}
	for _, b := range all {
		b.moving()
	}
	return all
}

func TestEightTabsHoldOneStream(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	all := tabs(newReader(t, g.URL), 8, "/")
	if n := g.streams(); n != 1 {
		t.Errorf("8 tabs hold %d streams, want 1", n)
	}
	if n := g.everOpened(); n != 1 {
		t.Errorf("8 tabs opened %d streams, want 1", n)
	}
	for _, b := range all {
		b.until(`document.querySelector("[data-connection]").dataset.connection === "live"`)
	}
}

// leaderLimit is how long the tabs may stand without a stream. The machine is
// shared: the time is printed, and the test fails at five times of it.
const leaderLimit = 3 * time.Second

func TestNewLeader(t *testing.T) {
	for name, kill := range map[string]func(leader *tab){
		"closed":  func(b *tab) { b.close() },
		"left":    func(b *tab) { b.visit("/prefs") },
		"crashed": func(b *tab) { go crash(b) },
		"frozen": func(b *tab) {
			call(b, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: page.SetWebLifecycleStateStateFrozen})
		},
		"stuck": func(b *tab) { go stall(b) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, shared.URL)
			all := tabs(newReader(t, g.URL), 8, "/")
			before := g.everOpened()
			kill(all[0])
			took := eventually(t, 5*leaderLimit, "a new stream", func() bool { return g.everOpened() > before })
			t.Logf("a new leader stood %v after the old one was %s (limit %v)", took.Round(time.Millisecond), name, leaderLimit)
			for _, b := range all[1:] {
				b.moving()
			}
			eventually(t, soon, "one stream is left", func() bool { return g.streams() == 1 })
		})
	}
}

func TestStreamCarriesWhatAllTabsWant(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	r := newReader(t, g.URL)
	r.open("/", desktop).until(`document.querySelector("[data-connection]").dataset.connection === "live"`)
	article := r.open(articlePath, desktop)
	article.until(`document.querySelector("[data-connection]").dataset.connection === "live"`)
	eventually(t, soon, "one stream with the article's topic", func() bool {
		topics := g.topics()
		return len(topics) == 1 && strings.Contains(topics[0], "board.crypto") && strings.Contains(topics[0], "article."+strings.TrimPrefix(articlePath, "/articles/"))
	})
}

// A tab that comes late has the newest state from the leader, not from the server.
func TestLateTabHasStateAtOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	r := newReader(t, g.URL)
	r.open("/", desktop).until(`document.querySelector("[data-connection]").dataset.connection === "live"`)
	g.hold()
	defer g.flow()
	late := r.open("/", desktop)
	late.until(`document.querySelector("[data-connection]").dataset.connection === "live"`)
	if n := g.everOpened(); n != 1 {
		t.Errorf("%d streams were opened, want 1", n)
	}
}

func TestCutStreamSaysSoAndRecovers(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	r := newReader(t, g.URL)
	both := tabs(r, 2, "/")
	for _, b := range both {
		b.allow(`log: network `)
		eval[bool](b, watchConnection)
	}
	g.fail()
	for _, b := range both {
		b.until(`document.querySelector("[data-connection]").dataset.connection === "late"`)
		said, asOf := b.text("[data-connection]"), b.newestTime()
		if !strings.Contains(said, "지연") || !strings.Contains(said, asOf) {
			t.Errorf("the page says %q, want 지연 with %s", said, asOf)
		}
	}
	g.heal()
	for _, b := range both {
		b.untilWithin(2*time.Minute, `document.querySelector("[data-connection]").dataset.connection === "live"`)
		b.moving()
	}
	// A break shorter than the grace is not worth a word.
	for _, b := range both {
		eval[bool](b, `(window.connections = [], true)`)
	}
	before := g.everOpened()
	g.cut()
	eventually(t, soon, "the stream is back", func() bool { return g.everOpened() > before && g.streams() == 1 })
	for _, b := range both {
		b.moving()
		if said := eval[[]string](b, `window.connections`); len(said) > 0 {
			t.Errorf("a short break was told: %v", said)
		}
	}
}

// 503 and the like are final to an EventSource: the script itself tries again.
func TestRefusedStreamIsTriedAgain(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	tries := make(chan struct{}, 64)
	g.answer("GET /live", func(w http.ResponseWriter, _ *http.Request) {
		tries <- struct{}{}
		http.Error(w, "later", http.StatusServiceUnavailable)
	})
	b := newReader(t, g.URL).open("/", desktop)
	b.allow(`log: network .*/live`)
	b.until(`document.querySelector("[data-connection]").dataset.connection === "updating"`)
	for range 2 {
		select {
		case <-tries:
		case <-time.After(soon):
			t.Fatal("no further try")
		}
	}
	g.answer("GET /live", nil)
	b.untilWithin(time.Minute, `document.querySelector("[data-connection]").dataset.connection === "live"`)
}

// A connection that stands but says nothing: 35 s, then 지연 and a new one.
func TestSilentStream(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	both := tabs(newReader(t, g.URL), 2, "/")
	for _, b := range both {
		eval[bool](b, watchConnection)
	}
	g.hold()
	for _, b := range both {
		took := b.untilWithin(time.Minute, `document.querySelector("[data-connection]").dataset.connection === "late"`)
		t.Logf("said after %v", took.Round(time.Second))
	}
	eventually(t, soon, "a new connection", func() bool { return g.everOpened() > 1 })
	for _, b := range both {
		if said := eval[[]string](b, `window.connections`); slices.Contains(said, "live") {
			t.Errorf("without a word from the stream the values were told to be %v", said)
		}
	}
	g.flow()
	for _, b := range both {
		b.moving()
		b.until(`document.querySelector("[data-connection]").dataset.connection === "live"`)
	}
	eventually(t, soon, "one stream is left", func() bool { return g.streams() == 1 })
}

const watchConnection = `(() => {
	const place = document.querySelector("[data-connection]");
	window.connections = [];
	new MutationObserver(() => window.connections.push(place.dataset.connection)).observe(place, {attributes: true});
	return true;
})()`

func TestBackForwardCache(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	b := newReader(t, g.URL).blank(desktop)
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `addEventListener("pageshow", (e) => { window.restored = e.persisted; })`,
	})
	b.visit("/")
	eval[bool](b, watchPrice)
	b.moving()
	eval[bool](b, watchConnection)
	b.visit("/prefs")
	b.until(`location.pathname === "/prefs"`)
	eventually(t, soon, "the page that was left has no stream", func() bool { return g.streams() == 0 })
	b.back()
	b.until(`location.pathname === "/" && window.restored === true`)
	b.moving()
	b.until(`document.querySelector("[data-connection]").dataset.connection === "live"`)
	if said := eval[[]string](b, `window.connections`); len(said) < 2 || said[0] != "updating" {
		t.Errorf("values of the restored page were told to be %v, want updating first", said)
	}
	if n := g.streams(); n != 1 {
		t.Errorf("%d streams, want 1", n)
	}
}

// A hidden page lets go of the stream after a minute and is at it again when seen.
func TestHiddenPageLetsGo(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	r := newReader(t, g.URL)
	b := r.blank(desktop, chromedp.WithNewWindow(false))
	b.visit("/")
	eval[bool](b, watchPrice)
	b.moving()
	r.front(nil)
	b.until(`document.visibilityState === "hidden"`)
	begin := time.Now()
	eventually(t, 90*time.Second, "no stream", func() bool { return g.streams() == 0 })
	if took := time.Since(begin); took < 55*time.Second {
		t.Errorf("let go after %v, want a minute", took)
	}
	r.front(b)
	b.until(`document.visibilityState === "visible"`)
	b.moving()
	eventually(t, soon, "a stream", func() bool { return g.streams() == 1 })
}

func TestPause(t *testing.T) {
	t.Parallel()
	g := newGate(t, shared.URL)
	r := newReader(t, g.URL)
	both := tabs(r, 2, "/")
	b, other := both[0], both[1]
	b.click("[data-pause]")
	for _, b := range both {
		b.until(`document.querySelector("[data-pause]").getAttribute("aria-pressed") === "true"`)
		b.until(`document.querySelector("[data-connection]").dataset.connection === "paused"`)
	}
	// The state goes on behind it: what stands is the time of the values.
	eval[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done((window.moves = 0, true)))))`)
	seen := g.bytes()
	eventually(t, soon, "further frames", func() bool { return g.bytes() > seen+4096 })
	eval[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	if moves := eval[int](b, `window.moves`); moves != 0 {
		t.Errorf("a paused board moved %d times", moves)
	}
	if said, asOf := b.text("[data-connection]"), b.newestTime(); !strings.Contains(said, asOf) {
		t.Errorf("the pause says %q, want the time of the values, %s", said, asOf)
	}
	fresh := r.open("/", desktop)
	fresh.until(`document.querySelector("[data-pause]").getAttribute("aria-pressed") === "true"`)
	other.click("[data-pause]")
	for _, b := range both {
		b.moving()
		b.until(`document.querySelector("[data-connection]").dataset.connection === "live"`)
	}
}
