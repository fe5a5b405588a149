// Command build bundles the page script from theme/js into theme/dist. The
// result is committed, so that a fresh clone needs only Go; a test rebuilds it
// and compares.
package main

import (
	"fmt"
	"os"

	"sokbo/internal/site/theme/build/bundle"
)

//go:generate go run . ../js/page.js ../dist/page.js

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: build ENTRY.js OUT.js")
		os.Exit(2)
	}
	script, err := bundle.Script(os.Args[1])
	if err == nil {
		err = os.WriteFile(os.Args[2], script, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
