// Command build bundles the page script from theme/js and the style from theme/css into theme/dist. The
// results are committed, so that a fresh clone needs only Go; a test rebuilds them and compares.
package main

import (
	"fmt"
	"os"

	"sokbo/internal/site/theme/build/bundle"
)

//go:generate go run . ../js/page.js ../dist/page.js
//go:generate go run . ../css/site.css ../dist/site.css

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: build ENTRY.js OUT.js, or build ENTRY.css OUT.css")
		os.Exit(2)
	}
	file, err := bundle.File(os.Args[1])
	if err == nil {
		err = os.WriteFile(os.Args[2], file, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
