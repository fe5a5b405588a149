package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/market"
	"sokbo/internal/page"
	"sokbo/internal/reaction"
	"sokbo/internal/site"
	"sokbo/internal/site/theme"
	"sokbo/internal/story"
	"sokbo/internal/web"
)

const (
	frontStories = 60 // more than a front shows
	frontRounds  = 200
)

// benchFront renders the front page of a paper with stories enough. It is done inside this process, where the
// cache can be emptied before each request.
func benchFront(ctx context.Context, b *bench) error {
	if err := b.build(ctx); err != nil {
		return err
	}
	data, err := os.MkdirTemp(b.dir, "data-")
	if err != nil {
		return err
	}
	files, err := samples(data)
	if err != nil {
		return err
	}
	if err := b.importPages(ctx, files, []string{"SOKBO_DATA=" + data}); err != nil {
		return err
	}
	h, pages, end, err := newSite(ctx, data)
	if err != nil {
		return err
	}
	defer end()

	visit := func(path, encoding string, first func()) (cpu time.Duration, size int, err error) {
		var before time.Duration
		for round := range 1 + frontRounds {
			if round == 1 { // the first warms up
				before = ownCPU()
			}
			first()
			r := httptest.NewRequest("GET", "http://localhost:8080"+path, nil)
			r.Header.Set("Accept-Encoding", encoding)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				return 0, 0, fmt.Errorf("%s answers %d", path, w.Code)
			}
			size = w.Body.Len()
		}
		return (ownCPU() - before) / frontRounds, size, nil
	}
	plain, size, err := visit("/", "identity", pages.Reset)
	if err != nil {
		return err
	}
	packed, small, err := visit("/", "br", pages.Reset)
	if err != nil {
		return err
	}
	hit, _, err := visit("/", "br", func() {})
	if err != nil {
		return err
	}
	b.add(row{
		what:   fmt.Sprintf("front with %d stories rendered anew (%d bytes), processor", frontStories, size),
		figure: millis(plain), beside: micros(hit) + " from the cache", ratio: fmt.Sprintf("%.0f", float64(plain)/float64(hit)),
	})
	b.add(row{what: fmt.Sprintf("  and compressed (%d bytes, br)", small), figure: millis(packed)})
	return nil
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }

// samples writes the sample page so often, each time as another story, and returns the files.
func samples(dir string) (files []string, err error) {
	page, err := os.ReadFile(samplePage)
	if err != nil {
		return nil, err
	}
	for n := range frontStories {
		name := filepath.Join(dir, fmt.Sprintf("page-%d.txt", n))
		if err := os.WriteFile(name, append(fmt.Appendf(nil, "%d호 ", n+1), bytes.TrimLeft(page, "\uFEFF\r\n")...), 0o600); err != nil {
			return nil, err
		}
		files = append(files, name)
	}
	return files, nil
}

// newSite builds the readers' pages over a data folder, as serve does.
func newSite(ctx context.Context, data string) (h http.Handler, pages *page.Cache, end func(), err error) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	d, err := db.Open(ctx, db.Options{Dir: data, Log: log})
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	zone, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		return nil, nil, nil, err
	}
	origin, err := web.ParseOrigin("http://localhost:8080")
	if err != nil {
		return nil, nil, nil, err
	}
	assets, err := web.NewAssets(theme.Assets())
	if err != nil {
		return nil, nil, nil, err
	}
	prices, err := market.New(ctx, market.Options{DB: d, Now: d.Now, Log: log, Zone: zone, Language: "ko"})
	if err != nil {
		return nil, nil, nil, err
	}
	pages = page.New(page.Options{Now: d.Now, Log: log})
	readers, err := site.New(site.Options{
		Stories:   story.New(d),
		Market:    prices,
		Reactions: reaction.New(reaction.Options{DB: d, Key: make([]byte, 32), Log: log}),
		Pages:     pages,
		Assets:    assets,
		Origin:    origin,
		Paper:     theme.Paper{Name: "속보", Latin: "SOKBO"},
		Zone:      zone,
		Language:  "ko",
		Now:       d.Now,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	csp, err := readers.CSP()
	if err != nil {
		return nil, nil, nil, err
	}
	server, err := web.New(web.Options{
		Origin: origin, Routes: readers.Routes(), CSP: csp, Pages: pages.Lookup, ErrorPage: readers.ErrorPage, Ready: d.Ready, Log: log,
	})
	return server, pages, func() { d.Close() }, err
}
