package bundle_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"testing"

	"sokbo/internal/site/theme/build/bundle"
)

// budget is what the script and the style may weigh, each, compressed.
const budget = 15_000

func TestCommittedFilesAreTheBundles(t *testing.T) {
	for entry, out := range map[string]string{"../../js/page.js": "../../dist/page.js", "../../css/site.css": "../../dist/site.css"} {
		file, err := bundle.File(entry)
		if err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file, committed) {
			t.Errorf("%s is not what %s makes; run go generate ./internal/site/theme/build and commit it", out, entry)
		}
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(file)
		z.Close()
		if b.Len() > budget {
			t.Errorf("%s is %d bytes compressed, more than %d", out, b.Len(), budget)
		}
	}
}
