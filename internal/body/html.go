package body

import (
	"html/template"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// RenderOptions say where a text is shown.
type RenderOptions struct {
	// Language of the words around and in the text: ko, ja or en. Runs in another script than its own are then
	// marked with theirs, as far as the script tells the language: kana is Japanese, Hangul is Korean. Hanja
	// belongs to the language that it stands in. Empty: nothing is marked.
	Language string
	// Host is the site's own, with its port as in addresses; links to others are external.
	Host string
	// Zone is where the times of live entries are shown; nil is UTC.
	Zone *time.Location
}

// HTML renders the text. The names of elements and attributes are written only here, everything else is escaped.
//
// What only a face can fill with life is left out: a board, related stories, the file of a picture. So are
// nodes of unknown kinds, but for their text.
func (d Doc) HTML(o RenderOptions) template.HTML {
	r := renderer{RenderOptions: o}
	r.blocks(d.content)
	return template.HTML(r.b.String())
}

// Stamp renders a headline so that no line begins with a middle dot or an arrow: a word joiner before these, and
// leave to break after the dot. Only visible headlines are stamped; titles, feeds and alternative texts are not.
func Stamp(headline string) template.HTML {
	return template.HTML(stamps.Replace(template.HTMLEscapeString(headline)))
}

var stamps = strings.NewReplacer("·", "\u2060·<wbr>", "↑", "\u2060↑", "↓", "\u2060↓")

type renderer struct {
	RenderOptions
	b     strings.Builder
	stamp bool // inside a heading
}

func (r *renderer) raw(s ...string) {
	for _, s := range s {
		r.b.WriteString(s)
	}
}

func (r *renderer) text(s string) { r.b.WriteString(template.HTMLEscapeString(s)) }

// words writes text, in a heading stamped, with its foreign runs marked.
func (r *renderer) words(s string) {
	for _, lang := range []string{"ja", "ko"} {
		if r.Language == "" || r.Language == lang {
			continue
		}
		at := scripts[lang].FindStringIndex(s)
		if at == nil {
			continue
		}
		r.words(s[:at[0]])
		r.raw(`<span lang="`, lang, `">`)
		r.plain(s[at[0]:at[1]])
		r.raw("</span>")
		r.words(s[at[1]:])
		return
	}
	r.plain(s)
}

func (r *renderer) plain(s string) {
	if r.stamp {
		r.raw(string(Stamp(s)))
		return
	}
	r.text(s)
}

func (r *renderer) blocks(nodes []Node) {
	for _, n := range nodes {
		r.block(n)
	}
}

func (r *renderer) block(n Node) {
	if n.raw != nil {
		if s := rawText(n.raw); s != "" {
			r.raw("<p>")
			r.words(s)
			r.raw("</p>")
		}
		return
	}
	switch n.kind {
	case "paragraph":
		r.element("p", n)
	case "heading":
		r.stamp = true
		r.element("h"+strconv.FormatInt(n.attrs.level, 10), n)
		r.stamp = false
	case "blockquote":
		r.raw("<blockquote>")
		r.blocks(n.content)
		r.raw("</blockquote>")
	case "bullet_list":
		r.raw("<ul>")
		r.items(n.content)
		r.raw("</ul>")
	case "ordered_list":
		r.raw("<ol")
		if n.attrs.order > 1 {
			r.raw(` start="`, strconv.FormatInt(n.attrs.order, 10), `"`)
		}
		r.raw(">")
		r.items(n.content)
		r.raw("</ol>")
	case "horizontal_rule":
		r.raw("<hr>")
	case "pullquote":
		r.raw(`<aside class="pullquote"><p>`)
		r.inline(n.content)
		r.raw("</p>")
		if n.attrs.by != "" {
			r.raw(`<p class="by">`)
			r.words(n.attrs.by)
			r.raw("</p>")
		}
		r.raw("</aside>")
	case "figure":
		r.figure(n)
	case "gallery":
		r.raw(`<div class="gallery">`)
		for _, f := range n.content {
			if f.raw == nil {
				r.figure(f)
			}
		}
		r.raw("</div>")
	case "video":
		r.raw(`<figure class="video"><figcaption>`)
		r.anchor(n.attrs.href)
		if len(n.content) > 0 {
			r.inline(unlinked(n.content))
		} else {
			r.text(n.attrs.href)
		}
		r.raw("</a>")
		r.credit(n.attrs.credit, true)
		r.raw("</figcaption></figure>")
	case "table":
		r.table(n)
	case "box":
		r.raw(`<aside class="box">`)
		if n.attrs.title != "" {
			r.raw(`<p class="title">`)
			r.words(n.attrs.title)
			r.raw("</p>")
		}
		r.blocks(n.content)
		r.raw("</aside>")
	case "entry":
		zone := r.Zone
		if zone == nil {
			zone = time.UTC
		}
		at := time.UnixMilli(n.attrs.at).In(zone)
		r.raw(`<section class="entry"><p class="at"><time datetime="`, at.Format(time.RFC3339), `">`, at.Format("2006-01-02 15:04"), "</time></p>")
		if n.attrs.title != "" {
			r.stamp = true
			r.raw("<h2>")
			r.words(n.attrs.title)
			r.raw("</h2>")
			r.stamp = false
		}
		r.blocks(n.content)
		r.raw("</section>")
	}
}

func (r *renderer) element(name string, n Node) {
	r.raw("<", name, ">")
	r.inline(n.content)
	r.raw("</", name, ">")
}

func (r *renderer) items(nodes []Node) {
	for _, n := range nodes {
		if n.raw != nil {
			continue
		}
		r.raw("<li>")
		r.blocks(n.content)
		r.raw("</li>")
	}
}

// figure writes the caption with its mark and the credit after it. One that has neither shows nothing.
func (r *renderer) figure(n Node) {
	if len(n.content) == 0 && n.attrs.credit == "" {
		return
	}
	r.raw("<figure><figcaption>")
	if len(n.content) > 0 {
		r.raw("▲")
		r.inline(n.content)
	}
	r.credit(n.attrs.credit, len(n.content) > 0)
	r.raw("</figcaption></figure>")
}

func (r *renderer) credit(s string, space bool) {
	if s == "" {
		return
	}
	if space {
		r.raw(" ")
	}
	r.raw(`<span class="credit">`)
	r.words(s)
	r.raw("</span>")
}

func (r *renderer) table(n Node) {
	r.raw(`<div class="table"`)
	if c := n.attrs.caption; c != "" {
		// A wide table scrolls inside its frame, so the frame can be reached by the keyboard and has a name.
		r.raw(` role="region" tabindex="0" aria-label="`)
		r.text(c)
		r.raw(`"`)
	}
	r.raw("><table>")
	if n.attrs.caption != "" {
		r.raw("<caption>")
		r.words(n.attrs.caption)
		r.raw("</caption>")
	}
	rows := n.content
	if len(rows) > 1 && heads(rows[0]) {
		r.raw("<thead>")
		r.row(rows[0])
		r.raw("</thead>")
		rows = rows[1:]
	}
	r.raw("<tbody>")
	for _, row := range rows {
		r.row(row)
	}
	r.raw("</tbody></table></div>")
}

// heads says whether a row is one of headings that reach into no row below.
func heads(row Node) bool {
	for _, c := range row.content {
		if c.raw != nil || c.kind != "table_header" || c.attrs.rowspan > 1 {
			return false
		}
	}
	return row.raw == nil
}

func (r *renderer) row(row Node) {
	if row.raw != nil {
		return
	}
	all := heads(row)
	r.raw("<tr>")
	for _, c := range row.content {
		if c.raw != nil {
			continue
		}
		name := "td"
		if c.kind == "table_header" {
			name = "th"
		}
		r.raw("<", name)
		if name == "th" {
			scope := c.attrs.scope
			if scope == "" && all {
				scope = "col"
			} else if scope == "" {
				scope = "row"
			}
			r.raw(` scope="`, scope, `"`)
		}
		if c.attrs.colspan > 1 {
			r.raw(` colspan="`, strconv.FormatInt(c.attrs.colspan, 10), `"`)
		}
		if c.attrs.rowspan > 1 {
			r.raw(` rowspan="`, strconv.FormatInt(c.attrs.rowspan, 10), `"`)
		}
		r.raw(">")
		r.inline(c.content)
		r.raw("</", name, ">")
	}
	r.raw("</tr>")
}

// inline writes runs. A mark that goes on over several runs is one element.
func (r *renderer) inline(nodes []Node) {
	var open []mark
	closeTo := func(n int) {
		for len(open) > n {
			r.raw("</", element(open[len(open)-1].kind), ">")
			open = open[:len(open)-1]
		}
	}
	for _, n := range nodes {
		var marks []mark
		for _, m := range n.marks {
			if m.raw == nil {
				marks = append(marks, m)
			}
		}
		same := 0
		for same < len(open) && same < len(marks) && open[same].equal(marks[same]) {
			same++
		}
		closeTo(same)
		for _, m := range marks[same:] {
			switch m.kind {
			case "link":
				r.anchor(m.value)
			case "instrument":
				r.raw(`<span data-instrument="`)
				r.text(m.value)
				r.raw(`">`)
			default:
				r.raw("<", m.kind, ">")
			}
			open = append(open, m)
		}
		switch {
		case n.raw != nil:
			r.words(rawText(n.raw))
		case n.kind == "hard_break":
			r.raw("<br>")
		default:
			r.words(n.text)
		}
	}
	closeTo(0)
}

func element(mark string) string {
	switch mark {
	case "link":
		return "a"
	case "instrument":
		return "span"
	}
	return mark
}

func (r *renderer) anchor(href string) {
	r.raw(`<a href="`)
	r.text(href)
	r.raw(`"`)
	if u, err := url.Parse(href); err == nil && u.Host != "" && u.Host != r.Host {
		r.raw(` rel="noopener"`)
	}
	r.raw(">")
}

// unlinked returns runs without their links, for where they stand inside one.
func unlinked(nodes []Node) []Node {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		marks := n.marks
		n.marks = nil
		for _, m := range marks {
			if m.kind != "link" {
				n.marks = append(n.marks, m)
			}
		}
		out[i] = n
	}
	return out
}

// scripts tell a language by its letters. Han before kana is Japanese with it.
var scripts = map[string]*regexp.Regexp{
	"ja": regexp.MustCompile(`[\p{Han}々]*[\p{Hiragana}\p{Katakana}][\p{Hiragana}\p{Katakana}\p{Han}々ー〜・、。]*`),
	"ko": regexp.MustCompile(`\p{Hangul}+(?: +\p{Hangul}+)*`),
}
