//go:build browser

package browser

import (
	"context"
	"slices"

	"github.com/chromedp/chromedp"
)

// Start starts a headless Chromium with a new profile and returns the context
// that tabs are made from. stop ends it.
func Start() (browser context.Context, stop func(), err error) {
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, closeBrowser := chromedp.NewContext(allocator)
	stop = func() {
		closeBrowser()
		stopAllocator()
	}
	// Without a timeout: that of the first run would end the browser.
	if err := chromedp.Do(browser); err != nil {
		stop()
		return nil, nil, err
	}
	return browser, stop, nil
}
