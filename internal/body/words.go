package body

import (
	"unicode"
	"unicode/utf8"
)

// Span is a piece of a text and what became of it: Same, Added or Removed.
type Span struct {
	Op   Op
	Text string
}

// Bounds on the work of comparing two texts.
const (
	// maxTable is how many pairs of words are compared one by one. A longer stretch is cut at words that both
	// sides have exactly once, and stands as a whole where there is none.
	maxTable = 1 << 20
	maxCuts  = 16 // cuts inside cuts
)

// DiffText compares two texts by words: eojeol, numbers, single marks. What is not Added makes the old text, what
// is not Removed the new one. A changed word is told whole, the old one first: 121곳 → 118곳.
func DiffText(old, new string) []Span {
	if old == new {
		return spans(Same, old)
	}
	d := differ{words(old), words(new), nil}
	d.compare(0, len(d.a), 0, len(d.b), 0)
	return readable(d.out)
}

// words cuts a text into words, stretches of space, and single other marks. A number keeps its points and commas.
func words(s string) []string {
	var all []string
	runes := func(s string, ok func(rune) bool) int {
		for i, r := range s {
			if !ok(r) {
				return i
			}
		}
		return len(s)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case unicode.IsSpace(r):
			n = runes(s, unicode.IsSpace)
		case letter(r):
			for n = runes(s, letter); n+1 < len(s) && (s[n] == '.' || s[n] == ',') && digit(s[n-1]) && digit(s[n+1]); {
				n += 1 + runes(s[n+1:], letter)
			}
		}
		all = append(all, s[:n])
		s = s[n:]
	}
	return all
}

func letter(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

const wordWeight = 8

// weight says how much it is worth that a word stays: a space that both sides have by chance must not tear a
// changed sentence apart.
func weight(w string) uint32 {
	r, _ := utf8.DecodeRuneInString(w)
	switch {
	case unicode.IsSpace(r):
		return 1
	case letter(r):
		return wordWeight
	}
	return 2
}

type differ struct {
	a, b []string
	out  []Span
}

func (d *differ) emit(op Op, words []string) {
	for _, w := range words {
		d.out = append(d.out, Span{op, w})
	}
}

// compare writes what became of a[i0:i1] in b[j0:j1].
func (d *differ) compare(i0, i1, j0, j1, depth int) {
	for i0 < i1 && j0 < j1 && d.a[i0] == d.b[j0] {
		d.emit(Same, d.a[i0:i0+1])
		i0, j0 = i0+1, j0+1
	}
	end := i1
	for i0 < i1 && j0 < j1 && d.a[i1-1] == d.b[j1-1] {
		i1, j1 = i1-1, j1-1
	}
	defer d.emit(Same, d.a[i1:end])

	if i0 == i1 || j0 == j1 {
		d.emit(Removed, d.a[i0:i1])
		d.emit(Added, d.b[j0:j1])
		return
	}
	if (i1-i0)*(j1-j0) <= maxTable {
		d.table(i0, i1, j0, j1)
		return
	}
	cuts := d.cuts(i0, i1, j0, j1)
	if len(cuts) == 0 || depth == maxCuts {
		d.emit(Removed, d.a[i0:i1])
		d.emit(Added, d.b[j0:j1])
		return
	}
	for _, c := range cuts {
		d.compare(i0, c[0], j0, c[1], depth+1)
		d.emit(Same, d.a[c[0]:c[0]+1])
		i0, j0 = c[0]+1, c[1]+1
	}
	d.compare(i0, i1, j0, j1, depth+1)
}

// cuts returns the places of words that stand exactly once on either side, as many as are in common order.
func (d *differ) cuts(i0, i1, j0, j1 int) [][2]int {
	type count struct{ a, b, at int }
	counts := map[string]count{}
	for i := i0; i < i1; i++ {
		c := counts[d.a[i]]
		c.a, c.at = c.a+1, i
		counts[d.a[i]] = c
	}
	for j := j0; j < j1; j++ {
		if c, ok := counts[d.b[j]]; ok {
			c.b++
			counts[d.b[j]] = c
		}
	}
	var at, in []int
	for j := j0; j < j1; j++ {
		if c := counts[d.b[j]]; c.a == 1 && c.b == 1 && weight(d.b[j]) == wordWeight {
			at, in = append(at, c.at), append(in, j)
		}
	}
	var cuts [][2]int
	for _, k := range increasing(at) {
		cuts = append(cuts, [2]int{at[k], in[k]})
	}
	return cuts
}

// table finds the heaviest words in common order, by comparing each with each.
func (d *differ) table(i0, i1, j0, j1 int) {
	a, b := d.a[i0:i1], d.b[j0:j1]
	width := len(b) + 1
	best := make([]uint32, (len(a)+1)*width) // of a[i:] and b[j:]
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			n := max(best[(i+1)*width+j], best[i*width+j+1])
			if a[i] == b[j] {
				n = max(n, best[(i+1)*width+j+1]+weight(a[i]))
			}
			best[i*width+j] = n
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch n := best[i*width+j]; {
		case a[i] == b[j] && n == best[(i+1)*width+j+1]+weight(a[i]):
			d.emit(Same, a[i:i+1])
			i, j = i+1, j+1
		case n == best[(i+1)*width+j]:
			d.emit(Removed, a[i:i+1])
			i++
		default:
			d.emit(Added, b[j:j+1])
			j++
		}
	}
	d.emit(Removed, a[i:])
	d.emit(Added, b[j:])
}

// readable joins the pieces: between two changes a space or mark that stayed by chance counts as changed, and
// what was removed stands before what was added.
func readable(pieces []Span) []Span {
	var out []Span
	var removed, added, kept string // kept: light words after a change, not yet decided
	flush := func() {
		out = join(out, Span{Removed, removed})
		out = join(out, Span{Added, added})
		out = join(out, Span{Same, kept})
		removed, added, kept = "", "", ""
	}
	for _, p := range pieces {
		switch {
		case p.Op == Same && (removed != "" || added != "") && weight(p.Text) < wordWeight:
			kept += p.Text
		case p.Op == Same:
			flush()
			out = join(out, p)
		default:
			removed, added, kept = removed+kept, added+kept, ""
			if p.Op == Removed {
				removed += p.Text
			} else {
				added += p.Text
			}
		}
	}
	flush()
	return out
}

func join(out []Span, s Span) []Span {
	if s.Text == "" {
		return out
	}
	if n := len(out); n > 0 && out[n-1].Op == s.Op {
		out[n-1].Text += s.Text
		return out
	}
	return append(out, s)
}
