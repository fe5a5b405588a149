//go:build browser

package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	logs "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// soon is how long a step or a condition may take on a busy machine of two cores.
const soon = 20 * time.Second

// A reader is a browser context of its own: cookies, storage and locks are
// shared by its tabs and by nobody else.
type reader struct {
	t     *testing.T
	ctx   context.Context // of a blank tab that stays open
	start string          // scheme and host of the site
}

func newReader(t *testing.T, site string) *reader {
	t.Helper()
	ctx, end := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &reader{t: t, ctx: ctx, start: site}
}

// A tab is a page of a reader. What a page must never do (console errors,
// exceptions, CSP reports, requests to other hosts) fails the test at its end.
type tab struct {
	t     *testing.T
	ctx   context.Context
	close func()
	start string

	mu      sync.Mutex
	faults  []string
	allowed []*regexp.Regexp
	sent    []sent
}

// sent is one request of a page and, once it has loaded, its size on the wire.
type sent struct {
	ID    string
	URL   string
	Kind  string
	Bytes float64
}

// how a tab sees the page.
type view struct {
	width, height int64
	theme         string // "light" or "dark", as the system has it; "" as it is
	forced        bool   // forced colours
	still         bool   // prefers reduced motion
	noScript      bool
}

var (
	phone   = view{width: 360, height: 780}
	desktop = view{width: 1280, height: 900}
)

// blank makes a tab that has loaded nothing, in a window of its own: it is visible.
func (r *reader) blank(v view, options ...chromedp.ContextOption) *tab {
	r.t.Helper()
	ctx, end := chromedp.NewContext(r.ctx, options...)
	b := &tab{t: r.t, ctx: ctx, close: end, start: r.start}
	b.must(chromedp.Do(ctx))
	b.must(chromedp.Listen(ctx, b.hear))
	call(b, runtime.Enable, cdp.Empty{})
	call(b, logs.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	call(b, page.Enable, page.EnableParams{})
	call(b, runtime.AddBinding, runtime.AddBindingParams{Name: "__csp"})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `document.addEventListener('securitypolicyviolation',e=>__csp([e.effectiveDirective,e.blockedURI,e.sample].join(' | ')),true)`})
	b.see(v)
	r.t.Cleanup(func() {
		end()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, fault := range b.faults {
			b.t.Error(fault)
		}
	})
	return b
}

// open makes a tab and loads the path.
func (r *reader) open(path string, v view) *tab {
	r.t.Helper()
	b := r.blank(v)
	b.visit(path)
	return b
}

func (b *tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	b.must(err)
	return result
}

func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	b.must(chromedp.Do(ctx, steps...))
}

func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.start + path))
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`document.querySelector(%q)?.textContent.trim() ?? "no element"`, selector))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

func (b *tab) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// until waits for a condition in the page, over navigations too and in hidden
// pages, which have no animation frames.
func (b *tab) until(condition string) {
	b.t.Helper()
	b.untilWithin(soon, condition)
}

// untilWithin returns how long it took.
func (b *tab) untilWithin(limit time.Duration, condition string) time.Duration {
	b.t.Helper()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		value, err := chromedp.Run(ctx, chromedp.Evaluate[any](condition))
		if err == nil && value != nil && value != false && value != "" && value != 0.0 {
			return time.Since(begin)
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("not within %v: %s (now %v, %v)", limit, condition, value, err)
		case <-tick.C:
		}
	}
}

// eventually waits for a condition outside the page.
func eventually(t *testing.T, limit time.Duration, what string, condition func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	deadline := time.After(limit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("not within %v: %s", limit, what)
		case <-tick.C:
		}
	}
	return time.Since(begin)
}

func (b *tab) see(v view) {
	b.t.Helper()
	if v.width > 0 {
		call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: v.width, Height: v.height, DeviceScaleFactor: 1, Mobile: v.width < 600,
		})
	}
	var features []*emulation.MediaFeature
	feature := func(name, value string) {
		features = append(features, &emulation.MediaFeature{Name: name, Value: value})
	}
	if v.theme != "" {
		feature("prefers-color-scheme", v.theme)
	}
	if v.forced {
		feature("forced-colors", "active")
	}
	if v.still {
		feature("prefers-reduced-motion", "reduce")
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.noScript})
}

// allow says which faults this test makes itself.
func (b *tab) allow(pattern string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, regexp.MustCompile(pattern))
}

func (b *tab) fault(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	for _, allowed := range b.allowed {
		if allowed.MatchString(text) {
			return
		}
	}
	b.faults = append(b.faults, text)
}

func (b *tab) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.fault("exception: %s", text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			words, _ := json.Marshal(e.Args)
			b.fault("console.%s: %s", e.Type, words)
		}
	case *logs.EventEntryAdded:
		if e.Entry.Level == logs.EntryLevelError || e.Entry.Level == logs.EntryLevelWarning {
			b.fault("log: %s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventBindingCalled:
		if e.Name == "__csp" {
			b.fault("CSP: %s", e.Payload)
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err == nil && u.Scheme != "data" && u.Scheme != "about" && u.Scheme+"://"+u.Host != b.start {
			b.fault("request to another host: %s", e.Request.URL)
		}
		b.mu.Lock()
		b.sent = append(b.sent, sent{ID: string(e.RequestID), URL: e.Request.URL, Kind: string(e.Type)})
		b.mu.Unlock()
	case *network.EventLoadingFinished:
		b.mu.Lock()
		for i := range b.sent {
			if b.sent[i].ID == string(e.RequestID) {
				b.sent[i].Bytes = e.EncodedDataLength
			}
		}
		b.mu.Unlock()
	}
}

// requests are those sent so far.
func (b *tab) requests() []sent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]sent(nil), b.sent...)
}

// back goes back in history. It does not wait for a load: a page that comes from
// the back/forward cache has none.
func (b *tab) back() {
	b.t.Helper()
	history := call(b, page.GetNavigationHistory, cdp.Empty{})
	entry := history.Entries[history.CurrentIndex-1]
	call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry.ID})
}

// front brings a tab made with behind, or the reader's blank one (nil), before
// the others of its window.
func (r *reader) front(b *tab) {
	r.t.Helper()
	ctx := r.ctx
	if b != nil {
		ctx = b.ctx
	}
	_, err := chromedp.CallBrowser(ctx, target.ActivateTarget, target.ActivateTargetParams{
		TargetID: chromedp.FromContext(ctx).Target.TargetID,
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// crash kills the page's process; the command itself is never answered.
func crash(b *tab) {
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	chromedp.Call(ctx, page.Crash, cdp.Empty{})
}

// stall keeps the page's only thread busy, as a stuck or swapped-out page does.
func stall(b *tab) {
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	chromedp.Run(ctx, chromedp.Evaluate[bool](`(() => { for (const end = Date.now() + 8000; Date.now() < end;); return true; })()`))
}
