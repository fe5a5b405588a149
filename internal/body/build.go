package body

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// New makes a text of blocks and gives them random ids.
func New(blocks ...Node) (Doc, error) {
	return build(func(Node) string { return NewBlockID() }, blocks)
}

// FromContent is New with ids derived from what the blocks say: the same blocks always make the same bytes, and
// a block keeps its id when others come and go around it.
func FromContent(blocks ...Node) (Doc, error) {
	seen := map[string]int{}
	return build(func(n Node) string {
		form := string(n.anonymous().append(nil))
		seen[form]++
		return idOf(form + strconv.Itoa(seen[form]))
	}, blocks)
}

func build(id func(Node) string, blocks []Node) (Doc, error) {
	taken := map[string]bool{}
	d := Doc{content: withIDs(blocks, func(n Node) string {
		for s := id(n); ; s = idOf(s + "again") {
			if !taken[s] {
				taken[s] = true
				return s
			}
		}
	})}
	return Parse(d.Bytes()) // what is built meets the same check as what comes in
}

func withIDs(nodes []Node, id func(Node) string) []Node {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		if n.raw == nil && !kinds[n.kind].inline {
			n.attrs.id = id(n)
			n.content = withIDs(n.content, id)
		}
		out[i] = n
	}
	return out
}

const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewBlockID returns a random block id.
func NewBlockID() string {
	var b [idLength]byte
	rand.Read(b[:])
	for i, c := range b {
		b[i] = idAlphabet[c%32]
	}
	return string(b[:])
}

func idOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	bits := binary.BigEndian.Uint64(sum[:])
	var b [idLength]byte
	for i := range b {
		b[i] = idAlphabet[bits%32]
		bits /= 32
	}
	return string(b[:])
}

// Text is a run of text.
func Text(s string) Node { return Node{kind: "text", text: s} }

// Break begins a new line in a paragraph.
func Break() Node { return Node{kind: "hard_break"} }

// Strong marks a run as important.
func (n Node) Strong() Node { return n.marked(mark{kind: "strong"}) }

// Em marks a run as stressed.
func (n Node) Em() Node { return n.marked(mark{kind: "em"}) }

// Link makes a run lead to an address; see [IsURL].
func (n Node) Link(href string) Node { return n.marked(mark{kind: "link", value: href}) }

// Instrument says that a run names a company or a coin, by the operator's key.
func (n Node) Instrument(key string) Node { return n.marked(mark{kind: "instrument", value: key}) }

func (n Node) marked(m mark) Node {
	n.marks = append(n.marks[:len(n.marks):len(n.marks)], m)
	return n
}

// runs is the content of a block that holds only plain text.
func runs(s string) []Node {
	if s == "" {
		return nil
	}
	return []Node{Text(s)}
}

// Paragraph is a paragraph of plain text.
func Paragraph(s string) Node { return Node{kind: "paragraph", content: runs(s)} }

// ParagraphOf is a paragraph of runs.
func ParagraphOf(content ...Node) Node { return Node{kind: "paragraph", content: content} }

// Heading is a subhead; level is 2 or 3.
func Heading(level int, s string) Node {
	return Node{kind: "heading", attrs: attrs{level: int64(level)}, content: runs(s)}
}

// FigureWithoutPicture is what an imported page tells of a picture: its caption, without ▲, and its credit.
func FigureWithoutPicture(caption, credit string) Node {
	return Node{kind: "figure", attrs: attrs{credit: credit}, content: runs(caption)}
}

// Quote is a quotation of paragraphs.
func Quote(paragraphs ...string) Node {
	return Node{kind: "blockquote", content: eachParagraph(paragraphs)}
}

// BulletList is a list of lines.
func BulletList(lines ...string) Node { return Node{kind: "bullet_list", content: items(lines)} }

// OrderedList is a numbered list of lines, from 1 on.
func OrderedList(lines ...string) Node { return Node{kind: "ordered_list", content: items(lines)} }

func items(lines []string) []Node {
	all := make([]Node, len(lines))
	for i, p := range eachParagraph(lines) {
		all[i] = Node{kind: "list_item", content: []Node{p}}
	}
	return all
}

func eachParagraph(lines []string) []Node {
	all := make([]Node, len(lines))
	for i, l := range lines {
		all[i] = Paragraph(l)
	}
	return all
}

// Pullquote is a sentence drawn out of the text, with who said it ("" for nobody).
func Pullquote(s, by string) Node {
	return Node{kind: "pullquote", attrs: attrs{by: by}, content: runs(s)}
}

// Box is a box of blocks with a title ("" for none).
func Box(title string, blocks ...Node) Node {
	return Node{kind: "box", attrs: attrs{title: title}, content: blocks}
}

// Table is a table with a caption, a row of headings (nil for none) and rows whose first cell heads them.
func Table(caption string, header []string, rows ...[]string) Node {
	t := Node{kind: "table", attrs: attrs{caption: caption}}
	cell := func(s, scope string) Node {
		n := Node{kind: "table_cell", content: runs(s)}
		if scope != "" {
			n.kind, n.attrs.scope = "table_header", scope
		}
		return n
	}
	if header != nil {
		row := Node{kind: "table_row"}
		for _, s := range header {
			row.content = append(row.content, cell(s, "col"))
		}
		t.content = append(t.content, row)
	}
	for _, r := range rows {
		row := Node{kind: "table_row"}
		for i, s := range r {
			scope := ""
			if i == 0 {
				scope = "row"
			}
			row.content = append(row.content, cell(s, scope))
		}
		t.content = append(t.content, row)
	}
	return t
}
