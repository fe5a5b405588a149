// Package theme is how readers' pages look and what they say: a struct for each page, its template, the words in
// three languages, styles, scripts and icons. It knows no database and no request: what a page shows stands in
// its struct, in the form in which it is shown.
//
// The marks (data-…) that the page's script holds on to are listed in docs/page-script.md.
package theme

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"strings"

	"sokbo/internal/body"
)

//go:embed *.html
var templates embed.FS

//go:embed icons/*.svg
var icons embed.FS

//go:embed dist
var dist embed.FS

// Assets holds the files that pages refer to: site.css, page.js, icon.svg, favicon.ico.
func Assets() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is valid
	}
	return sub
}

// Favicon is the icon for who asks for /favicon.ico without having read a page.
func Favicon() []byte {
	b, err := dist.ReadFile("dist/favicon.ico")
	if err != nil {
		panic(err) // the file is embedded
	}
	return b
}

// BootScript runs before the first paint and gives the page the reader's size and theme. Its bytes are what the
// Content-Security-Policy of public pages allows by hash.
const BootScript = `(d=>{var m=document.cookie.match(/(?:^|; )(?:__Host-)?prefs=(xs|s|m|l|xl)\.(auto|light|dark)(?:;|$)/);if(m){d.dataset.size=m[1];d.dataset.theme=m[2]}})(document.documentElement)`

// Sizes and Themes are the values of the two preferences, the smallest size first.
var (
	Sizes  = [...]string{"xs", "s", "m", "l", "xl"}
	Themes = [...]string{"auto", "light", "dark"}
)

// Kinds are the values of the four reactions in the order in which they stand. The last is a request to the desk.
var Kinds = [...]string{"like", "angry", "sad", "more"}

// Theme renders pages.
type Theme struct{ pages map[string]*template.Template }

// New parses the templates. Asset gives the address of a file of [Assets].
func New(asset func(name string) string) (*Theme, error) {
	funcs := template.FuncMap{
		"asset":      asset,
		"bootScript": func() template.JS { return BootScript },
		"icon":       icon,
		"in":         func(w *Words, b Board) boardIn { return boardIn{w, b} },
		"places":     Page.places,
		"sizes":      func() []string { return Sizes[:] },
		"stamp":      body.Stamp,
	}
	base, err := template.New("frame").Funcs(funcs).ParseFS(templates, "frame.html", "lists.html", "rail.html", "reactions.html")
	if err != nil {
		return nil, fmt.Errorf("theme: %w", err)
	}
	t := &Theme{pages: map[string]*template.Template{}}
	for _, name := range []string{"article", "front", "history", "reaction", "prefs", "error"} {
		own, err := base.Clone()
		if err == nil {
			own, err = own.ParseFS(templates, name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("theme: %w", err)
		}
		t.pages[name] = own
	}
	return t, nil
}

// Page is one of this package's page structs.
type Page interface {
	template() string
	places() []place
}

// Render returns the HTML of a page.
func (t *Theme) Render(p Page) ([]byte, error) {
	var b bytes.Buffer
	if err := t.pages[p.template()].ExecuteTemplate(&b, "frame", p); err != nil {
		return nil, fmt.Errorf("theme: %w", err)
	}
	return b.Bytes(), nil
}

// icon returns one of our own drawings, 20 by 20, in the colour of the text beside it.
func icon(name string) (template.HTML, error) {
	paths, err := icons.ReadFile("icons/" + name + ".svg")
	if err != nil {
		return "", err
	}
	return template.HTML(`<svg class="icon-` + name + `" viewBox="0 0 20 20" aria-hidden="true">` + strings.TrimSpace(string(paths)) + `</svg>`), nil
}

type boardIn struct {
	Words *Words
	Board Board
}
