package bundle_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"testing"

	"sokbo/internal/site/theme/build/bundle"
)

// budget is what the page script may weigh, compressed.
const budget = 15_000

func TestCommittedScriptIsTheBundle(t *testing.T) {
	script, err := bundle.Script("../../js/page.js")
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("../../dist/page.js")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(script, committed) {
		t.Error("dist/page.js is not what js/ makes; run go generate ./internal/site/theme/build and commit it")
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(script)
	z.Close()
	if b.Len() > budget {
		t.Errorf("the page script is %d bytes compressed, more than %d", b.Len(), budget)
	}
}
