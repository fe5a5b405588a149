package ingest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Report says what became of a page's lines.
type Report struct {
	Taken   []Part   // what came in, in the order of the page
	Left    []Part   // what did not come in, in the order of the page
	Missing []string // what pages of this kind have and this one has not
}

// Part is some lines of a page that are of one kind.
type Part struct {
	What  string
	Lines []int  // numbers from 1 on
	First string // how the first of them begins
}

// What lines are taken and left as. The names are for operators.
const (
	asHeadline  = "headline"
	asLabel     = "label"
	asSeries    = "series label"
	asDeck      = "deck"
	asByline    = "byline"
	asDate      = "입력/수정"
	asAddress   = "canonical address"
	asCaption   = "caption"
	asSubhead   = "subheads"
	asList      = "lists"
	asParagraph = "paragraphs"
	asMainNews  = "주요 뉴스"
	asRising    = "오늘의 상승종목"
	asCrypto    = "암호화폐 시세"

	asReaction   = "reaction counts"
	asSizes      = "text sizes"
	asRepeated   = "repeated"
	asMenu       = "menus and buttons"
	asRelated    = "other lists of links"
	asMail       = "the reporter's address"
	asTags       = "tags"
	asCopyright  = "copyright"
	asAfter      = "text after the copyright line"
	asBefore     = "text before the headline"
	asUnknown    = "lines that were not understood"
	asReferences = "list of addresses"
)

func (p *parser) report() Report {
	var r Report
	collect := func(parts []Part, l line, what string) []Part {
		i := slices.IndexFunc(parts, func(q Part) bool { return q.What == what })
		if i < 0 {
			return append(parts, Part{what, []int{l.no}, cutAt(l.whole(), 40)})
		}
		parts[i].Lines = append(parts[i].Lines, l.no)
		return parts
	}
	for _, l := range p.lines {
		switch {
		case l.blank():
		case l.use == "":
			r.Left = collect(r.Left, l, asUnknown)
		case l.left:
			r.Left = collect(r.Left, l, l.use)
		default:
			r.Taken = collect(r.Taken, l, l.use)
		}
	}
	for _, m := range []struct {
		missing bool
		what    string
	}{
		{p.page.Published.IsZero(), "입력"},
		{p.page.Modified.IsZero(), "수정"},
		{p.page.Byline == "", asByline},
		{len(p.page.Body.Figures()) == 0, asCaption},
		{len(p.page.Body.Blocks()) == len(p.page.Body.Figures()), "body"},
		{len(p.page.MainNews) == 0, asMainNews},
		{!p.page.Rising.Present, asRising},
		{!p.page.Crypto.Present, asCrypto},
	} {
		if m.missing {
			r.Missing = append(r.Missing, m.what)
		}
	}
	return r
}

// cutAt returns the beginning of s, at most n characters.
func cutAt(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// String tells the report to an operator, one kind of line on a line.
func (r Report) String() string {
	var b strings.Builder
	for _, q := range r.Taken {
		fmt.Fprintf(&b, "taken: %s (%s)\n", q.What, lineNumbers(q.Lines))
	}
	for _, q := range r.Left {
		fmt.Fprintf(&b, "%s: not taken (%s: %s)\n", q.What, lineNumbers(q.Lines), q.First)
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(&b, "not in the page: %s\n", strings.Join(r.Missing, ", "))
	}
	return b.String()
}

// lineNumbers writes "line 3" or "lines 3-5, 9".
func lineNumbers(n []int) string {
	var runs []string
	for i := 0; i < len(n); {
		j := i
		for j+1 < len(n) && n[j+1] <= n[j]+2 { // a blank line between does not part a run
			j++
		}
		run := strconv.Itoa(n[i])
		if j > i {
			run += "-" + strconv.Itoa(n[j])
		}
		runs, i = append(runs, run), j+1
	}
	if len(n) == 1 {
		return "line " + runs[0]
	}
	return "lines " + strings.Join(runs, ", ")
}
