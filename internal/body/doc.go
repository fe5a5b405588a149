// Package body is the text of a story as a typed tree: checked on the way in, rendered only here, compared by
// words. It knows no story.
//
// The stored form is ProseMirror's JSON in an envelope, {"v":1,"doc":{"type":"doc","content":[…]}}, and
// schema.go says which kinds of node there are and what each may hold. Every block has a random id of eight
// characters, so that two versions of a text can be compared block by block.
//
// A [Doc] is immutable and always valid: it comes from [Parse], from [New] or [FromContent], or from [Rekey].
// Its [Doc.Bytes] are canonical, so they can be hashed, and Parse(d.Bytes()) is d again.
//
// A text written by a newer Sokbo may hold kinds of node and mark that this one does not know. They are kept as
// they came, byte for byte, and show as nothing or as their text.
package body

import (
	"bytes"
	"strings"
	"unicode"
)

// Limits on a text. Parse refuses what passes one of them.
const (
	MaxBytes = 2 << 20 // of the stored form
	MaxDepth = 32      // blocks inside each other; a paragraph that stands in the text itself is at 1
	MaxNodes = 50_000
	MaxLine  = 2000 // bytes of an attribute that readers see: a credit, an alternative text, a title
	MaxURL   = 2048 // bytes of an address
	MaxMarks = 8    // on one run of text
	MaxCells = 100  // that one table cell spans, either way
)

// Version is the form that this program writes.
const Version = 1

// Doc is a checked text. The zero Doc is an empty one.
type Doc struct {
	v       int // 0 means Version
	content []Node
}

// Node is a part of a text: a block, or a run inside a block. It is made by the functions in build.go.
type Node struct {
	kind    string
	attrs   attrs
	content []Node
	text    string
	marks   []mark
	raw     []byte // of a kind that is not known here, as it came
}

// attrs are the attributes of all kinds; schema.go says who has which.
type attrs struct {
	id               string
	level, order     int64
	colspan, rowspan int64
	scope            string
	photo            string // key of a picture; empty in a figure without one
	alt              string
	caption          string // of a table; that of a figure is its content
	title            string
	by               string
	credit           string
	board            string
	key              string
	href             string
	at               int64 // milliseconds
	stories          []string
}

type mark struct {
	kind  string
	value string // href or key
	raw   []byte // of a kind that is not known here
}

func (m mark) equal(o mark) bool {
	return m.kind == o.kind && m.value == o.value && bytes.Equal(m.raw, o.raw)
}

// Figure is a picture of a text with its words. Photo is empty in a figure that has none.
type Figure struct{ ID, Photo, Alt, Caption, Credit string }

// Figures returns the figures in reading order, those in galleries and boxes too.
func (d Doc) Figures() []Figure {
	var all []Figure
	walk(d.content, "", func(n Node, _ string) {
		if n.kind == "figure" {
			all = append(all, Figure{n.attrs.id, n.attrs.photo, n.attrs.alt, n.inner(), n.attrs.credit})
		}
	})
	return all
}

// Block is a part of a text that is read, and compared, as one: a paragraph, a heading, a figure, a table's row.
type Block struct {
	// ID is empty in a block of an unknown kind without one.
	ID string
	// Kind is the node's kind as in the stored form: paragraph, heading, figure, table_row …
	Kind string
	// Text has no mark-up. A figure's caption and credit stand on a line each, a row's cells are parted by " | ".
	Text string

	form string // where it stands and how it is marked, without ids
}

// Blocks returns the blocks in reading order.
func (d Doc) Blocks() []Block {
	var all []Block
	walk(d.content, "", func(n Node, path string) {
		if !n.container() || n.own() != "" {
			all = append(all, Block{n.attrs.id, n.kind, n.own(), path + string(n.form())})
		}
	})
	return all
}

// Text returns the plain text, its blocks parted by a blank line.
func (d Doc) Text() string {
	var all []string
	for _, b := range d.Blocks() {
		if b.Text != "" {
			all = append(all, b.Text)
		}
	}
	return strings.Join(all, "\n\n")
}

// walk visits the blocks of nodes in reading order, containers before what they hold. Path names the containers
// around a block.
func walk(nodes []Node, path string, visit func(n Node, path string)) {
	for _, n := range nodes {
		visit(n, path)
		if n.container() {
			walk(n.content, path+n.kind+"/", visit)
		}
	}
}

// container says whether n holds blocks that are read for themselves.
func (n Node) container() bool {
	s, known := kinds[n.kind]
	return n.raw == nil && known && s.holds != nil && n.kind != "table_row" && n.kind != "board"
}

// form returns what n is apart from the words of its own: for comparing marks, addresses and pictures.
func (n Node) form() []byte {
	if n.container() {
		n.content = nil
	}
	return n.anonymous().append(nil)
}

func (n Node) anonymous() Node {
	n.attrs.id = ""
	inner := make([]Node, len(n.content))
	for i, c := range n.content {
		inner[i] = c.anonymous()
	}
	n.content = inner
	return n
}

// own returns the words that n itself holds, apart from those of the blocks in it.
func (n Node) own() string {
	switch n.kind {
	case "figure", "video":
		if n.attrs.credit == "" {
			return n.inner()
		}
		return strings.TrimPrefix(n.inner()+"\n"+n.attrs.credit, "\n")
	case "pullquote":
		if n.attrs.by == "" {
			return n.inner()
		}
		return n.inner() + "\n" + n.attrs.by
	case "table":
		return n.attrs.caption
	case "box", "entry", "board", "related":
		return n.attrs.title
	case "table_row":
		cells := make([]string, len(n.content))
		for i, c := range n.content {
			cells[i] = c.inner()
		}
		return strings.Join(cells, " | ")
	}
	if n.container() {
		return ""
	}
	return n.inner()
}

// inner returns the text of the runs in n.
func (n Node) inner() string {
	if n.raw != nil {
		return rawText(n.raw)
	}
	var b strings.Builder
	for _, c := range n.content {
		switch {
		case c.raw != nil:
			b.WriteString(rawText(c.raw))
		case c.kind == "hard_break":
			b.WriteByte('\n')
		default:
			b.WriteString(c.text)
		}
	}
	return b.String()
}

// rawText returns the words of a node of an unknown kind. They were not checked, so control characters in them
// become spaces.
func rawText(raw []byte) string {
	var b strings.Builder
	var collect func(raw []byte, depth int)
	collect = func(raw []byte, depth int) {
		if depth > MaxDepth {
			return
		}
		fields, err := object(raw)
		if err != nil {
			return
		}
		for _, f := range fields {
			switch f.name {
			case "text":
				if s, err := text(f.value); err == nil {
					b.WriteString(s)
				}
			case "content":
				items, _ := list(f.value)
				for _, it := range items {
					collect(it, depth+1)
				}
			}
		}
	}
	collect(raw, 0)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, b.String()))
}
