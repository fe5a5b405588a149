//go:build browser

// Command shoot takes the README's pictures: the article and the front, on a
// phone and on a desktop, light and dark.
//
//	go run -tags browser ./internal/browser/shoot [-url http://localhost:8080] [-out docs/pictures]
//
// Without -url it builds the program, imports testdata/page.txt and serves it
// with the simulated market for as long as it takes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"sokbo/internal/browser"
)

const pageLimit = 30 * time.Second

// Screens as readers hold them. A picture shows the first screen, not the whole page.
var screens = []struct {
	name          string
	width, height int64
	scale         float64
}{
	{"phone", 360, 780, 1.5},
	{"desktop", 1280, 900, 1},
}

var themes = []struct{ name, suffix string }{{"light", ""}, {"dark", "-dark"}}

func main() {
	url := flag.String("url", "", "a running server; empty: the program is built and served with testdata/page.txt")
	out := flag.String("out", "docs/pictures", "the folder of the pictures")
	flag.Parse()
	if err := run(*url, *out); err != nil {
		fmt.Fprintln(os.Stderr, "shoot:", err)
		os.Exit(1)
	}
}

func run(url, out string) (err error) {
	server := &browser.Server{URL: url}
	if url == "" {
		dir, err := os.MkdirTemp("", "sokbo-shoot")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if server, err = sample(dir); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
	}
	article, err := server.Article()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	chromium, stop, err := browser.Start()
	if err != nil {
		return fmt.Errorf("start Chromium: %w; install it (apt-get install chromium)", err)
	}
	defer stop()
	for name, path := range map[string]string{"article": article, "front": "/"} {
		for _, screen := range screens {
			for _, theme := range themes {
				picture, err := shoot(chromium, server.URL+path, theme.name, screen.width, screen.height, screen.scale)
				if err != nil {
					return fmt.Errorf("%s on %s, %s: %w", name, screen.name, theme.name, err)
				}
				file := filepath.Join(out, name+"-"+screen.name+theme.suffix+".png")
				if err := os.WriteFile(file, picture, 0o644); err != nil {
					return err
				}
				fmt.Println(file, len(picture)/1000, "kB")
			}
		}
	}
	return nil
}

func sample(dir string) (*browser.Server, error) {
	file, err := browser.Build(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := browser.Import(file, data, "testdata/page.txt"); err != nil {
		return nil, err
	}
	return browser.Serve(file, data, "SOKBO_FEEDS=simulated")
}

func shoot(chromium context.Context, url, theme string, width, height int64, scale float64) ([]byte, error) {
	tab, end := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	defer end()
	if err := chromedp.Do(tab); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(tab, pageLimit)
	defer cancel()
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: scale, Mobile: width < 600,
	})
	if err != nil {
		return nil, err
	}
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	if err != nil {
		return nil, err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		return nil, err
	}
	const live = `document.readyState === "complete" && document.querySelector("[data-connection]")?.dataset.connection === "live"`
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](live)); err != nil {
		return nil, err
	}
	picture, err := chromedp.Call(ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
		Format: cdppage.CaptureScreenshotFormatPng,
	})
	return picture.Data, err
}
