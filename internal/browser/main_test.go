//go:build browser

package browser_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sokbo/internal/browser"
)

// savedPage is what the tests' newspapers are made of.
const savedPage = "../../testdata/page.txt"

var (
	chromium    context.Context // the one browser of the test run
	binary      string          // the program, built once
	shared      *browser.Server // an imported page and a simulated market, for tests that change nothing
	empty       *browser.Server // a newspaper without anything
	articlePath string          // of the shared newspaper

	quiet = log.New(io.Discard, "", 0)
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (status int) {
	stop := func(s *browser.Server) {
		if err := s.Stop(); err != nil {
			status = failed(err)
		}
	}
	dir, err := os.MkdirTemp("", "sokbo-browser")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	if binary, err = browser.Build(dir); err != nil {
		return failed(err)
	}
	changed := filepath.Join(dir, "changed.txt")
	if err := change(savedPage, changed); err != nil {
		return failed(err)
	}
	for _, page := range []string{savedPage, changed} {
		if err := browser.Import(binary, filepath.Join(dir, "shared"), page); err != nil {
			return failed(err)
		}
	}
	if shared, err = browser.Serve(binary, filepath.Join(dir, "shared"), "SOKBO_FEEDS=simulated"); err != nil {
		return failed(err)
	}
	defer stop(shared)
	if articlePath, err = shared.Article(); err != nil {
		return failed(err)
	}
	if empty, err = browser.Serve(binary, filepath.Join(dir, "empty")); err != nil {
		return failed(err)
	}
	defer stop(empty)
	var end func()
	if chromium, end, err = browser.Start(); err != nil {
		return failed(fmt.Errorf("start Chromium: %w; install it (apt-get install chromium)", err))
	}
	defer end()
	return m.Run()
}

// change writes the page as it was saved once more, after a correction: its
// history has something to show.
func change(from, to string) error {
	page, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	text := string(page)
	for old, corrected := range map[string]string{"수정 2025-03-18 14:40": "수정 2025-03-19 08:05", "4200억 원": "4300억 원"} {
		if !strings.Contains(text, old) {
			return fmt.Errorf("%s holds no %q", from, old)
		}
		text = strings.ReplaceAll(text, old, corrected)
	}
	return os.WriteFile(to, []byte(text), 0o600)
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// A newspaper is a program of one test alone: it may be written to and restarted.
type newspaper struct {
	*browser.Server
	t        *testing.T
	data     string
	settings []string
	article  string
}

func own(t *testing.T, settings ...string) *newspaper {
	t.Helper()
	p := &newspaper{t: t, data: t.TempDir(), settings: settings}
	if err := browser.Import(binary, p.data, savedPage); err != nil {
		t.Fatal(err)
	}
	p.start()
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	var err error
	if p.article, err = p.Article(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *newspaper) start() {
	p.t.Helper()
	s, err := browser.Serve(binary, p.data, p.settings...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Server = s
}

// restart ends the program and starts it again; the gate leads to the new one.
func (p *newspaper) restart(g *gate) {
	p.t.Helper()
	if err := p.Stop(); err != nil {
		p.t.Fatal(err)
	}
	p.start()
	g.leadTo(p.t, p.URL)
}
