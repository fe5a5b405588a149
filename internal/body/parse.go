package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"sokbo/internal/fault"
)

// Parse reads a stored or submitted text and checks all of it. Text comes out in normal form ([NFC]), runs with
// the same marks joined. Kinds of node and mark that are not known here are kept as they came.
//
// Faults are Invalid, or TooLarge where a limit was passed, and say where: "3.1 list_item" is the first part of
// the third block.
func Parse(b []byte) (Doc, error) {
	if len(b) > MaxBytes {
		return Doc{}, fault.New(fault.TooLarge, "body-size", "the text has %d bytes; at most %d are possible", len(b), MaxBytes)
	}
	if !utf8.Valid(b) {
		return Doc{}, fault.New(fault.Invalid, "body-encoding", "the text is not valid UTF-8")
	}
	if !json.Valid(b) {
		return Doc{}, fault.New(fault.Invalid, "body-json", "the text is not JSON")
	}
	fields, err := object(b)
	if err != nil {
		return Doc{}, schemaFault("the text", err)
	}
	var v int64
	var doc []byte
	for _, f := range fields {
		switch f.name {
		case "v":
			if v, err = number(f.value); err != nil || v < 1 || v > 1_000_000 {
				return Doc{}, fault.New(fault.Invalid, "body-version", "v must be a whole number from 1 on")
			}
		case "doc":
			doc = f.value
		default:
			return Doc{}, fault.New(fault.Invalid, "body-schema", "the text has an unknown field %.40q beside v and doc", f.name)
		}
	}
	if v == 0 || doc == nil {
		return Doc{}, fault.New(fault.Invalid, "body-schema", `the text must have the form {"v":%d,"doc":{…}}`, Version)
	}
	p := parser{newer: v > Version, ids: map[string]bool{}}
	content, err := p.doc(doc)
	if err != nil {
		return Doc{}, err
	}
	return Doc{v: int(v), content: content}, nil
}

type parser struct {
	// newer is set for a text of a later form: a node that breaks our rules follows others there, so it counts
	// as unknown.
	newer bool
	ids   map[string]bool
	nodes int
	path  []int
}

func (p *parser) doc(raw []byte) ([]Node, error) {
	f, err := object(raw)
	if err != nil {
		return nil, schemaFault("doc", err)
	}
	var kind string
	var content []Node
	for _, f := range f {
		switch f.name {
		case "type":
			kind, _ = text(f.value)
		case "content":
			if content, err = p.children(f.value, top, 1); err != nil {
				return nil, err
			}
		default:
			return nil, fault.New(fault.Invalid, "body-schema", "doc has an unknown field %.40q", f.name)
		}
	}
	if kind != "doc" {
		return nil, fault.New(fault.Invalid, "body-schema", `the outermost node must be of type "doc"`)
	}
	return content, nil
}

// children reads a list of nodes of the kinds allowed. Depth is theirs.
func (p *parser) children(raw []byte, allowed []string, depth int) ([]Node, error) {
	items, err := list(raw)
	if err != nil {
		return nil, schemaFault(p.where("content"), err)
	}
	var all []Node
	p.path = append(p.path, 0)
	for _, it := range items {
		p.path[len(p.path)-1]++
		n, err := p.node(it, allowed, depth)
		if err != nil {
			return nil, err
		}
		if last := len(all) - 1; last >= 0 && n.joins(all[last]) {
			all[last].text = NFC(all[last].text + n.text)
			continue
		}
		all = append(all, n)
	}
	p.path = p.path[:len(p.path)-1]
	return all, nil
}

// joins says whether two runs beside each other are one.
func (n Node) joins(before Node) bool {
	return n.kind == "text" && before.kind == "text" && n.raw == nil && before.raw == nil &&
		slices.EqualFunc(n.marks, before.marks, mark.equal)
}

func (p *parser) node(raw []byte, allowed []string, depth int) (Node, error) {
	if p.nodes++; p.nodes > MaxNodes {
		return Node{}, fault.New(fault.TooLarge, "body-nodes", "the text has more than %d parts", MaxNodes)
	}
	if depth > MaxDepth {
		return Node{}, fault.New(fault.TooLarge, "body-depth", "%s stands in more than %d others", p.where("a part"), MaxDepth-1)
	}
	fields, err := object(raw)
	if err != nil {
		return Node{}, schemaFault(p.where("a part"), err)
	}
	kind := ""
	for _, f := range fields {
		if f.name == "type" {
			if kind, err = text(f.value); err != nil {
				return Node{}, schemaFault(p.where("type"), err)
			}
		}
	}
	if kind == "" || kind == "doc" {
		return Node{}, fault.New(fault.Invalid, "body-schema", "%s has no kind", p.where("a part"))
	}
	s, known := kinds[kind]
	if !known {
		return p.unknown(kind, raw, depth)
	}
	at := len(p.path)
	n, err := p.known(kind, s, fields, allowed, depth)
	if err != nil && p.newer && fault.KindOf(err) == fault.Invalid {
		p.path = p.path[:at]
		return p.unknown(kind, raw, depth)
	}
	return n, err
}

func (p *parser) known(kind string, s spec, fields []field, allowed []string, depth int) (Node, error) {
	bad := func(format string, args ...any) (Node, error) {
		return Node{}, fault.New(fault.Invalid, "body-schema", "%s %s", p.where(kind), fmt.Sprintf(format, args...))
	}
	if !slices.Contains(allowed, kind) {
		return bad("may not stand here")
	}
	n := Node{kind: kind}
	var err error
	for _, f := range fields {
		switch {
		case f.name == "type":
		case f.name == "attrs":
			if n.attrs, err = p.attrs(kind, s, f.value); err != nil {
				return Node{}, err
			}
		case f.name == "content" && (s.text || s.holds != nil):
			holds, inside := s.holds, depth+1
			if s.text {
				holds, inside = inline, depth // runs do not nest
			}
			if n.content, err = p.children(f.value, holds, inside); err != nil {
				return Node{}, err
			}
		case f.name == "text" && kind == "text":
			if n.text, err = text(f.value); err == nil {
				err = checkText(n.text)
			}
			if err != nil {
				return bad("cannot be taken: %s", said(err))
			}
			n.text = NFC(n.text)
		case f.name == "marks" && s.inline:
			if n.marks, err = p.marks(f.value); err != nil {
				return Node{}, err
			}
		default:
			return bad("may not have a field %.40q", f.name)
		}
	}
	if kind == "text" && n.text == "" {
		return bad("is empty")
	}
	if len(n.content) < s.min {
		return bad("is empty")
	}
	if kind == "list_item" && n.content[0].kind != "paragraph" && n.content[0].raw == nil {
		return bad("must begin with a paragraph")
	}
	if kind == "table" && !n.rectangular() {
		return bad("has rows of different widths")
	}
	if !s.inline {
		if n.attrs.id == "" {
			return bad("has no id")
		}
		if p.ids[n.attrs.id] && !p.newer {
			return bad("has the id %s, which another block has too", n.attrs.id)
		}
		p.ids[n.attrs.id] = true
	}
	for _, name := range s.required {
		if !n.attrs.has(name) {
			return bad("needs the attribute %s", name)
		}
	}
	return n, nil
}

func (p *parser) attrs(kind string, s spec, raw []byte) (attrs, error) {
	var a attrs
	bad := func(format string, args ...any) (attrs, error) {
		return attrs{}, fault.New(fault.Invalid, "body-schema", "%s %s", p.where(kind), fmt.Sprintf(format, args...))
	}
	fields, err := object(raw)
	if err != nil {
		return attrs{}, schemaFault(p.where(kind), err)
	}
	for _, f := range fields {
		i := slices.IndexFunc(attributes, func(t attribute) bool { return t.name == f.name })
		if i < 0 || s.inline || f.name != "id" && !slices.Contains(s.attrs, f.name) {
			return bad("may not have an attribute %.40q", f.name)
		}
		if string(f.value) == "null" {
			continue // the editor writes an absent one so
		}
		switch t := attributes[i]; {
		case t.text != nil:
			v, err := text(f.value)
			if err == nil && v != "" {
				err = checkText(v)
				if err == nil && len(v) > MaxLine {
					err = fault.New(fault.TooLarge, "body-size", "it has %d bytes; at most %d are possible", len(v), MaxLine)
				}
				if err == nil && t.check != nil {
					err = t.check(v)
				}
			}
			if err != nil {
				return bad("cannot have this %s: %s", f.name, said(err))
			}
			*t.text(&a) = NFC(v)
		case t.number != nil:
			v, err := number(f.value)
			if err != nil || v < t.min || v > t.max {
				return bad("needs a whole number from %d to %d as %s", t.min, t.max, f.name)
			}
			*t.number(&a) = v
		default:
			items, err := list(f.value)
			if err != nil || len(items) > MaxCells {
				return bad("needs a list of at most %d as %s", MaxCells, f.name)
			}
			for _, it := range items {
				v, err := text(it)
				if err != nil || len(v) > 20 || !all(v, func(c byte) bool { return c >= '0' && c <= '9' }) {
					return bad("needs numbers of stories, as strings")
				}
				*t.list(&a) = append(*t.list(&a), v)
			}
		}
	}
	// What says no more than its absence is not written, so that a text has one form.
	if a.colspan == 1 {
		a.colspan = 0
	}
	if a.rowspan == 1 {
		a.rowspan = 0
	}
	if a.order == 1 {
		a.order = 0
	}
	return a, nil
}

func (a attrs) has(name string) bool {
	for _, t := range attributes {
		switch {
		case t.name != name:
		case t.text != nil:
			return *t.text(&a) != ""
		case t.number != nil:
			return *t.number(&a) != 0
		default:
			return len(*t.list(&a)) > 0
		}
	}
	return false
}

func (p *parser) marks(raw []byte) ([]mark, error) {
	bad := func(format string, args ...any) ([]mark, error) {
		return nil, fault.New(fault.Invalid, "body-schema", "%s %s", p.where("a mark"), fmt.Sprintf(format, args...))
	}
	items, err := list(raw)
	if err != nil {
		return bad("%v", err)
	}
	if len(items) > MaxMarks {
		return nil, fault.New(fault.TooLarge, "body-schema", "%s has more than %d marks", p.where("a run"), MaxMarks)
	}
	var all []mark
	for _, it := range items {
		fields, err := object(it)
		if err != nil {
			return bad("%v", err)
		}
		m := mark{}
		var given []field
		extra := false
		for _, f := range fields {
			switch f.name {
			case "type":
				m.kind, _ = text(f.value)
			case "attrs":
				if given, err = object(f.value); err != nil {
					return bad("%v", err)
				}
			default:
				extra = true
			}
		}
		if m.kind == "" {
			return bad("has no kind")
		}
		rank := m.rank()
		if rank == len(markKinds) {
			if err := bounded(it, MaxDepth); err != nil {
				return nil, err
			}
			m.raw = bytes.Clone(it)
			all = append(all, m)
			continue
		}
		k := markKinds[rank]
		for _, f := range given {
			if string(f.value) == "null" {
				continue // the editor writes an absent one so
			}
			if f.name != k.attr {
				extra = true
				break
			}
			if m.value, err = text(f.value); err == nil {
				err = k.check(m.value)
			}
			if err != nil {
				return bad("cannot be taken: %s", said(err))
			}
		}
		if extra || k.attr != "" && m.value == "" {
			return bad("(%s) has not the attributes that it must have", m.kind)
		}
		if slices.ContainsFunc(all, func(o mark) bool { return o.kind == m.kind }) {
			return bad("(%s) stands twice on one run", m.kind)
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b mark) int { return a.rank() - b.rank() })
	return all, nil
}

// unknown keeps a node as it came. Only its size is checked: it is never shown but as text.
func (p *parser) unknown(kind string, raw []byte, depth int) (Node, error) {
	if err := bounded(raw, 2*(MaxDepth-depth)+4); err != nil {
		return Node{}, err
	}
	n := Node{kind: kind, raw: bytes.Clone(raw)}
	fields, err := object(raw)
	if err != nil {
		return Node{}, err
	}
	for _, f := range fields {
		if f.name != "attrs" {
			continue
		}
		given, _ := object(f.value)
		for _, g := range given {
			if id, err := text(g.value); g.name == "id" && err == nil && checkID(id) == nil {
				if p.ids[id] && !p.newer {
					return Node{}, fault.New(fault.Invalid, "body-id", "%s has the id %s, which another block has too", p.where(kind), id)
				}
				p.ids[id], n.attrs.id = true, id
			}
		}
	}
	return n, nil
}

// bounded refuses JSON that is nested more than max deep.
func bounded(raw []byte, max int) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	for depth := 0; ; {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.New(fault.Invalid, "body-json", "the text is not JSON")
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > max {
				return fault.New(fault.TooLarge, "body-depth", "a part of an unknown kind is nested too deep: at most %d parts stand in each other", MaxDepth)
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// where names a place: "3.1 list_item".
func (p *parser) where(what string) string {
	var b strings.Builder
	for i, n := range p.path {
		if i > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, n)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	return b.String() + what
}

// said returns what a fault tells people, without its cause.
func said(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Text
	}
	return err.Error()
}

func schemaFault(where string, err error) error {
	return fault.New(fault.Invalid, "body-schema", "%s %s", where, said(err))
}

// rectangular says whether the rows of a table come out equally wide, with what spans them. Tables with parts of
// unknown kinds are left alone.
func (n Node) rectangular() bool {
	width := -1
	var open []int64 // for each column, the rows that a cell above still spans
	for _, row := range n.content {
		if row.raw != nil {
			return true
		}
		col := 0
		skip := func() {
			for col < len(open) && open[col] > 0 {
				open[col]--
				col++
			}
		}
		for _, c := range row.content {
			if c.raw != nil {
				return true
			}
			skip()
			for range max(c.attrs.colspan, 1) {
				for len(open) <= col {
					open = append(open, 0)
				}
				if open[col] > 0 {
					return false // two cells in one place
				}
				open[col] = max(c.attrs.rowspan, 1) - 1
				col++
			}
		}
		skip()
		if width < 0 {
			width = col
		}
		if col != width {
			return false
		}
	}
	return !slices.ContainsFunc(open, func(rows int64) bool { return rows > 0 })
}

// What follows reads JSON more strictly than encoding/json does by itself: names count with their case, and none
// may stand twice.

type field struct {
	name  string
	value json.RawMessage
}

func object(raw []byte) ([]field, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("must be an object")
	}
	var all []field
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, errors.New("is not JSON")
		}
		f := field{name: t.(string)}
		if err := dec.Decode(&f.value); err != nil {
			return nil, errors.New("is not JSON")
		}
		if slices.ContainsFunc(all, func(o field) bool { return o.name == f.name }) {
			return nil, fmt.Errorf("has the field %.40q twice", f.name)
		}
		if len(all) == 64 {
			return nil, errors.New("has too many fields")
		}
		all = append(all, f)
	}
	return all, nil
}

func list(raw []byte) ([]json.RawMessage, error) {
	var all []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &all) != nil {
		return nil, errors.New("must be a list")
	}
	return all, nil
}

func text(raw []byte) (string, error) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", errors.New("must be a string")
	}
	return s, nil
}

func number(raw []byte) (int64, error) {
	var n int64
	if len(raw) == 0 || raw[0] == '"' || raw[0] == 'n' || json.Unmarshal(raw, &n) != nil {
		return 0, errors.New("must be a whole number")
	}
	return n, nil
}
