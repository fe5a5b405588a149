package body

import (
	"fmt"
	"strconv"
)

// Bytes returns the canonical stored form: one text has one form, so the bytes can be hashed. They hold no white
// space between tokens but what came inside parts of unknown kinds.
func (d Doc) Bytes() []byte {
	v := d.v
	if v == 0 {
		v = Version
	}
	b := append([]byte(`{"v":`), strconv.Itoa(v)...)
	b = append(b, `,"doc":{"type":"doc"`...)
	b = appendContent(b, d.content)
	return append(b, "}}"...)
}

func appendContent(b []byte, content []Node) []byte {
	if len(content) == 0 {
		return b
	}
	b = append(b, `,"content":[`...)
	for i, n := range content {
		if i > 0 {
			b = append(b, ',')
		}
		b = n.append(b)
	}
	return append(b, ']')
}

func (n Node) append(b []byte) []byte {
	if n.raw != nil {
		return append(b, n.raw...)
	}
	b = append(b, `{"type":`...)
	b = quote(b, n.kind)
	b = n.attrs.append(b)
	b = appendContent(b, n.content)
	if n.text != "" {
		b = append(b, `,"text":`...)
		b = quote(b, n.text)
	}
	for i, m := range n.marks {
		b = append(b, start(i, `,"marks":[`)...)
		b = m.append(b)
	}
	if len(n.marks) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

func (m mark) append(b []byte) []byte {
	if m.raw != nil {
		return append(b, m.raw...)
	}
	b = append(b, `{"type":`...)
	b = quote(b, m.kind)
	if name := markKinds[m.rank()].attr; name != "" {
		b = append(b, `,"attrs":{`...)
		b = quote(b, name)
		b = append(b, ':')
		b = quote(b, m.value)
		b = append(b, '}')
	}
	return append(b, '}')
}

func (a attrs) append(b []byte) []byte {
	n := 0
	for _, t := range attributes {
		if !a.has(t.name) {
			continue
		}
		b = append(b, start(n, `,"attrs":{`)...)
		b = quote(b, t.name)
		b = append(b, ':')
		n++
		switch {
		case t.text != nil:
			b = quote(b, *t.text(&a))
		case t.number != nil:
			b = strconv.AppendInt(b, *t.number(&a), 10)
		default:
			for i, s := range *t.list(&a) {
				b = append(b, start(i, "[")...)
				b = quote(b, s)
			}
			b = append(b, ']')
		}
	}
	if n > 0 {
		b = append(b, '}')
	}
	return b
}

// start returns what stands before the i-th of a list that begins with open.
func start(i int, open string) string {
	if i == 0 {
		return open
	}
	return ","
}

// quote writes a JSON string. It escapes control characters only so that Parse can refuse them by name: no
// checked text holds one.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
