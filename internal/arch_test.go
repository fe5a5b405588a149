// Package internal_test holds the one rule of the building: ground ← domain ← faces ← cmd, nothing sideways.
package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layer says what a package may import of Sokbo, and which other modules it may use and why.
type layer struct {
	sokbo   []string
	modules map[string]string // module prefix => why this package and no other
}

var (
	ground = []string{"fault", "accept"}
	domain = []string{"fault", "db", "body", "page", "live", "web"}
	faces  = []string{"fault", "db", "body", "page", "live", "web", "story", "market", "reaction"}
)

var rules = map[string]layer{
	"fault":  {},
	"accept": {},
	"db": {ground, map[string]string{
		"modernc.org/sqlite":       "the embedded database",
		"github.com/jackc/pgx":     "PostgreSQL",
		"github.com/pressly/goose": "migrations",
		"golang.org/x/sys":         "the lock on the data folder",
	}},
	"body": {ground, map[string]string{"golang.org/x/text": "Unicode normal forms"}},
	"page": {ground, map[string]string{
		"github.com/andybalholm/brotli": "compression",
		"github.com/klauspost/compress": "compression",
	}},
	"live": {ground, nil},
	"web": {ground, map[string]string{
		"golang.org/x/net":              "inline scripts are found as a browser finds them",
		"github.com/andybalholm/brotli": "assets are compressed once, at the best rate",
		"github.com/klauspost/compress": "assets",
	}},
	"story":    {domain, nil},
	"reaction": {domain, nil},
	"market":   {domain, map[string]string{"github.com/govalues/decimal": "prices are never floats"}},
	"site":     {faces, nil},
	"api":      {faces, nil},
	"ingest":   {faces, map[string]string{"golang.org/x/text": "pages in CP949 and UTF-16"}},

	"db/migrations": {},
	"site/theme":    {[]string{"body"}, nil},
	"site/theme/build/bundle": {nil, map[string]string{
		"github.com/evanw/esbuild": "one file of many; runs at build time only",
	}},
}

func TestNothingReachesSidewaysOrUp(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "sokbo/internal/")
		rule, ok := rules[name]
		if !ok {
			if isTool(p) {
				continue
			}
			t.Errorf("package %s stands in no layer; give it a line in arch_test.go", name)
			continue
		}
		seen[name] = true
		for _, imp := range p.Imports {
			switch {
			case strings.HasPrefix(imp, "sokbo/internal/"):
				of := strings.TrimPrefix(imp, "sokbo/internal/")
				if !slices.Contains(rule.sokbo, of) && !strings.HasPrefix(of, name+"/") {
					t.Errorf("%s imports %s, which its layer may not", name, of)
				}
			case strings.Contains(strings.SplitN(imp, "/", 2)[0], "."):
				if !allowed(rule.modules, imp) {
					t.Errorf("%s imports %s; say why in arch_test.go or leave it to the package that may", name, imp)
				}
			case imp == "testing":
				t.Errorf("%s imports testing outside its tests", name)
			}
		}
	}
	for name := range rules {
		if !seen[name] {
			t.Errorf("arch_test.go has a rule for %s, which is not there", name)
		}
	}
}

func allowed(modules map[string]string, imp string) bool {
	for m := range modules {
		if imp == m || strings.HasPrefix(imp, m+"/") {
			return true
		}
	}
	return false
}

// isTool says whether p is a command, or exists for tests only.
func isTool(p pkg) bool {
	parts := strings.Split(p.ImportPath, "/")
	return p.Name == "main" || len(p.GoFiles) == 0 || slices.ContainsFunc(parts, func(s string) bool {
		return s == "dbtest" || s == "browser" || s == "killtest"
	})
}

type pkg struct {
	ImportPath, Name string
	Imports, GoFiles []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Name,Imports,GoFiles", "sokbo/internal/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	d := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
