//go:build browser

package browser_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"testing"

	"sokbo/internal/browser"
)

// chromium is the one browser of the test run.
var chromium context.Context

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var stop func()
	var err error
	chromium, stop, err = browser.Start()
	if err != nil {
		fmt.Fprintf(os.Stderr, "start Chromium: %v; install it (apt-get install chromium)\n", err)
		return 1
	}
	defer stop()
	return m.Run()
}

func program(t *testing.T) string { return interim(t) }

var quiet = log.New(io.Discard, "", 0)

const articlePath = "/articles/4711002983"
