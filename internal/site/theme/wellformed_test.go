package theme_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

var void = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// inside says what an element may only stand in.
var inside = map[string][]string{
	"li":         {"ul", "ol"},
	"dt":         {"dl"},
	"dd":         {"dl"},
	"tr":         {"thead", "tbody", "tfoot"},
	"th":         {"tr"},
	"td":         {"tr"},
	"col":        {"colgroup"},
	"legend":     {"fieldset"},
	"figcaption": {"figure"},
}

// phrasing are elements that hold no blocks.
var phrasing = []string{"p", "h1", "h2", "h3", "span", "a", "button", "small", "strong", "em", "ins", "del", "time", "code", "legend"}

var blocks = []string{"p", "h1", "h2", "h3", "div", "ul", "ol", "dl", "li", "table", "section", "article", "aside", "nav", "header", "footer", "main", "form", "fieldset", "figure", "blockquote"}

// unlike phrasing, these may not stand inside each other.
var interactive = []string{"a", "button", "form"}

// faults returns what is wrong with a page: elements that are not closed, closed twice or in a place that the
// parser of a browser would move them from, ids that stand twice, references to ids that are not there.
func faults(page []byte) (all []string) {
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	ids, refs := map[string]bool{}, map[string]string{}
	headings := map[string]int{}
	last := 0
	var open []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				say("%v", z.Err())
			}
			break
		}
		tok := z.Token()
		name := tok.Data
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			seen := map[string]bool{}
			for _, a := range tok.Attr {
				if seen[a.Key] {
					say("<%s> has %s twice", name, a.Key)
				}
				seen[a.Key] = true
				switch a.Key {
				case "id":
					if a.Val == "" || strings.ContainsAny(a.Val, " \t\n") || ids[a.Val] {
						say("id %q is not one of its own", a.Val)
					}
					ids[a.Val] = true
				case "aria-labelledby", "aria-describedby", "for":
					for _, id := range strings.Fields(a.Val) {
						refs[id] = a.Key
					}
				case "href":
					if id, ok := strings.CutPrefix(a.Val, "#"); ok {
						refs[id] = "href"
					}
				}
			}
			parent := ""
			if len(open) > 0 {
				parent = open[len(open)-1]
			}
			if want := inside[name]; want != nil && !slices.Contains(want, parent) {
				say("<%s> stands in <%s>", name, parent)
			}
			if (parent == "ul" || parent == "ol") && name != "li" {
				say("<%s> stands in <%s>", name, parent)
			}
			if slices.Contains(blocks, name) {
				for _, o := range open {
					if slices.Contains(phrasing, o) {
						say("<%s> stands inside <%s>", name, o)
					}
				}
			}
			if slices.Contains(interactive, name) && slices.Contains(open, name) {
				say("<%s> stands inside another", name)
			}
			if name == "button" && slices.Contains(open, "a") || name == "a" && slices.Contains(open, "button") {
				say("a link and a button stand inside each other")
			}
			if len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' {
				level := int(name[1] - '0')
				if level > last+1 {
					say("<%s> follows a heading of level %d", name, last)
				}
				last = level
				headings[name]++
			}
			if kind == html.StartTagToken && !slices.Contains(void, name) {
				open = append(open, name)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != name {
				say("</%s> closes %v", name, open)
				return all
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		say("%v are not closed", open)
	}
	for id, by := range refs {
		if !ids[id] {
			say("%s names #%s, which is not there", by, id)
		}
	}
	if headings["h1"] != 1 {
		say("there are %d h1", headings["h1"])
	}
	return all
}
