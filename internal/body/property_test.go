package body_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"sokbo/internal/body"
)

// texts draws text as editors and attackers write it.
var texts = rapid.OneOf(
	rapid.SampledFrom([]string{"나루항", "日·美", "121곳", "118곳은 ", "<script>alert(1)</script>", `"'&`, "カタカナを読む", "e\u0301", "\u1112\u1161\u11ab", "\uf9d3", "90,769,000", "↑"}),
	rapid.StringN(1, 12, 40),
)

// clean draws text that a run may hold.
func clean(t *rapid.T) string {
	return texts.Filter(func(s string) bool { _, err := body.Line("x" + s + "x"); return err == nil }).Draw(t, "text")
}

// drawer makes stored texts of every kind.
type drawer struct {
	*rapid.T
	ids int
}

func (d *drawer) id() string { d.ids++; return fmt.Sprintf("%08x", d.ids) }

func (d *drawer) node(kind string, attrs map[string]any, content ...any) map[string]any {
	n := map[string]any{"type": kind}
	if attrs["id"] = d.id(); len(attrs) > 0 {
		n["attrs"] = attrs
	}
	if len(content) > 0 {
		n["content"] = content
	}
	return n
}

func (d *drawer) runs() []any {
	all := []any{}
	for range rapid.IntRange(0, 4).Draw(d.T, "runs") {
		n := map[string]any{"type": "text", "text": clean(d.T)}
		if rapid.IntRange(0, 5).Draw(d.T, "break") == 0 {
			n = map[string]any{"type": "hard_break"}
		}
		marks := []any{}
		for _, m := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"strong", "em", "link", "instrument", "glow"}), rapid.ID[string]).Draw(d.T, "marks") {
			switch m {
			case "link":
				href := rapid.SampledFrom([]string{"https://a.example/?q=%22&b='", "http://나루.example/", "mailto:a@b.example", "tel:+82"}).Draw(d.T, "href")
				marks = append(marks, map[string]any{"type": m, "attrs": map[string]any{"href": href}})
			case "instrument":
				marks = append(marks, map[string]any{"type": m, "attrs": map[string]any{"key": "BTC"}})
			default:
				marks = append(marks, map[string]any{"type": m})
			}
		}
		if len(marks) > 0 {
			n["marks"] = marks
		}
		all = append(all, n)
	}
	return all
}

func (d *drawer) block(depth int) any {
	kinds := []string{"paragraph", "heading", "horizontal_rule", "pullquote", "figure", "table", "video", "related", "board", "poll"}
	if depth < 4 {
		kinds = append(kinds, "blockquote", "bullet_list", "ordered_list", "gallery")
	}
	if depth == 0 {
		kinds = append(kinds, "box", "entry")
	}
	some := func(make func() any) []any {
		var all []any
		for range rapid.IntRange(1, 3).Draw(d.T, "parts") {
			all = append(all, make())
		}
		return all
	}
	paragraph := func() any { return d.node("paragraph", map[string]any{}, d.runs()...) }
	switch kind := rapid.SampledFrom(kinds).Draw(d.T, "kind"); kind {
	case "heading":
		return d.node(kind, map[string]any{"level": rapid.IntRange(2, 3).Draw(d.T, "level")}, d.runs()...)
	case "horizontal_rule":
		return d.node(kind, map[string]any{})
	case "pullquote":
		return d.node(kind, map[string]any{"by": clean(d.T)}, d.runs()...)
	case "figure":
		return d.node(kind, map[string]any{"credit": clean(d.T), "alt": clean(d.T), "photo": nil}, d.runs()...)
	case "video":
		return d.node(kind, map[string]any{"href": "https://v.example/1", "credit": clean(d.T)}, d.runs()...)
	case "related":
		return d.node(kind, map[string]any{"stories": []string{"4711002983"}, "title": clean(d.T)})
	case "board":
		return d.node(kind, map[string]any{"board": "crypto"}, d.node("quote_row", map[string]any{"key": "BTC"}))
	case "poll":
		return d.node(kind, map[string]any{"question": clean(d.T)}, map[string]any{"type": "text", "text": clean(d.T)})
	case "blockquote":
		return d.node(kind, map[string]any{}, some(paragraph)...)
	case "bullet_list", "ordered_list":
		return d.node(kind, map[string]any{}, some(func() any { return d.node("list_item", map[string]any{}, paragraph()) })...)
	case "gallery":
		return d.node(kind, map[string]any{}, some(func() any { return d.node("figure", map[string]any{"credit": clean(d.T)}, d.runs()...) })...)
	case "table":
		width := rapid.IntRange(1, 3).Draw(d.T, "width")
		return d.node(kind, map[string]any{"caption": clean(d.T)}, some(func() any {
			var cells []any
			for range width {
				cells = append(cells, d.node(rapid.SampledFrom([]string{"table_header", "table_cell"}).Draw(d.T, "cell"), map[string]any{"colspan": 1}, d.runs()...))
			}
			return d.node("table_row", map[string]any{}, cells...)
		})...)
	case "box":
		return d.node(kind, map[string]any{"title": clean(d.T)}, some(func() any { return d.block(depth + 1) })...)
	case "entry":
		return d.node(kind, map[string]any{"title": clean(d.T), "at": 1718868840000}, some(func() any { return d.block(depth + 1) })...)
	}
	return paragraph()
}

func drawText(t *rapid.T) []byte {
	d := &drawer{T: t}
	blocks := []any{}
	for range rapid.IntRange(0, 6).Draw(t, "blocks") {
		blocks = append(blocks, d.block(0))
	}
	b, err := json.Marshal(map[string]any{"v": 1, "doc": map[string]any{"type": "doc", "content": blocks}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func drawDoc(t *rapid.T) body.Doc {
	b := drawText(t)
	d, err := body.Parse(b)
	if err != nil {
		t.Fatalf("Parse(%s): %v", b, err)
	}
	return d
}

func TestParseOfBytesIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDoc(t)
		again, err := body.Parse(d.Bytes())
		if err != nil {
			t.Fatalf("Parse(Bytes): %v\n%s", err, d.Bytes())
		}
		if string(again.Bytes()) != string(d.Bytes()) {
			t.Fatalf("Bytes changed from\n%s\nto\n%s", d.Bytes(), again.Bytes())
		}
	})
}

// rendered is all that the renderer may write.
var rendered = map[string][]string{
	"p": {"class"}, "h2": {}, "h3": {}, "blockquote": {}, "ul": {}, "ol": {"start"}, "li": {}, "hr": {}, "br": {}, "wbr": {},
	"aside": {"class"}, "section": {"class"}, "div": {"class", "role", "tabindex", "aria-label"}, "time": {"datetime"},
	"figure": {"class"}, "figcaption": {}, "span": {"class", "lang", "data-instrument"}, "a": {"href", "rel"}, "strong": {}, "em": {},
	"table": {}, "caption": {}, "thead": {}, "tbody": {}, "tr": {}, "th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"},
}

// checkRendered fails for an unknown element or attribute and for wrong nesting.
func checkRendered(t interface{ Fatalf(string, ...any) }, s string) {
	z := html.NewTokenizer(strings.NewReader(s))
	var open []string
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Fatalf("left open: %v in\n%s", open, s)
			}
			return
		case html.StartTagToken:
			tok := z.Token()
			allowed, ok := rendered[tok.Data]
			if !ok {
				t.Fatalf("element %q in\n%s", tok.Data, s)
			}
			for _, a := range tok.Attr {
				if !slices.Contains(allowed, a.Key) {
					t.Fatalf("attribute %q on %q in\n%s", a.Key, tok.Data, s)
				}
				if a.Key == "href" && !body.IsURL(a.Val) {
					t.Fatalf("address %q in\n%s", a.Val, s)
				}
			}
			if tok.Data == "a" && slices.Contains(open, "a") {
				t.Fatalf("a link in a link in\n%s", s)
			}
			if !slices.Contains([]string{"br", "hr", "wbr"}, tok.Data) {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			tok := z.Token()
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				t.Fatalf("</%s> ends %v in\n%s", tok.Data, open, s)
			}
			open = open[:len(open)-1]
		case html.TextToken:
		default:
			t.Fatalf("%v %q in\n%s", kind, z.Token().Data, s)
		}
	}
}

func TestRendererWritesOnlyItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lang := rapid.SampledFrom([]string{"", "ko", "ja", "en"}).Draw(t, "language")
		checkRendered(t, string(drawDoc(t).HTML(body.RenderOptions{Language: lang, Host: "a.example"})))
	})
}

// edit makes another text of one by dropping, doubling and moving blocks and by changing words.
func edit(t *rapid.T, old body.Doc) body.Doc {
	var tree map[string]any
	if err := json.Unmarshal(old.Bytes(), &tree); err != nil {
		t.Fatal(err)
	}
	doc := tree["doc"].(map[string]any)
	blocks, _ := doc["content"].([]any)
	blocks = slices.DeleteFunc(append([]any{}, blocks...), func(any) bool { return rapid.IntRange(0, 4).Draw(t, "drop") == 0 })
	if len(blocks) > 1 && rapid.Bool().Draw(t, "shuffle") {
		blocks = rapid.Permutation(blocks).Draw(t, "order")
	}
	for i, b := range blocks {
		if rapid.IntRange(0, 2).Draw(t, "change") == 0 {
			b := b.(map[string]any)
			if b["type"] == "paragraph" {
				d := &drawer{T: t}
				b["content"] = d.runs()
			}
			blocks[i] = b
		}
	}
	if rapid.Bool().Draw(t, "add") {
		d := &drawer{T: t, ids: 1_000_000}
		blocks = slices.Insert(blocks, rapid.IntRange(0, len(blocks)).Draw(t, "place"), d.block(0))
	}
	doc["content"] = blocks
	b, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	d, err := body.Parse(b)
	if err != nil {
		t.Fatalf("Parse(%s): %v", b, err)
	}
	return d
}

// side puts the old or the new text of spans together.
func side(spans []body.Span, without body.Op) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Op != without {
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func TestDiffAppliedToOldGivesNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := drawDoc(t)
		new := old
		if rapid.Bool().Draw(t, "edited") {
			new = edit(t, old)
		} else {
			new = drawDoc(t)
		}
		was := map[string]body.Block{}
		for _, b := range old.Blocks() {
			was[b.ID] = b
		}
		var ids, texts []string
		for _, d := range body.Diff(old, new) {
			if d.OldID != "" {
				b, ok := was[d.OldID]
				if !ok {
					t.Fatalf("block %s was used twice or was not there: %+v", d.OldID, d)
				}
				delete(was, d.OldID)
				if got := side(d.Spans, body.Added); got != b.Text {
					t.Fatalf("block %s was %q; the spans say %q", d.OldID, b.Text, got)
				}
			}
			if d.Op != body.Removed {
				ids, texts = append(ids, d.ID), append(texts, side(d.Spans, body.Removed))
			}
		}
		if len(was) > 0 {
			t.Fatalf("blocks of the old text are not spoken of: %v", was)
		}
		var wantIDs, wantTexts []string
		for _, b := range new.Blocks() {
			wantIDs, wantTexts = append(wantIDs, b.ID), append(wantTexts, b.Text)
		}
		if !slices.Equal(ids, wantIDs) || !slices.Equal(texts, wantTexts) {
			t.Fatalf("applied: %q %q\nwant:    %q %q", ids, texts, wantIDs, wantTexts)
		}
	})
}

func TestDiffTextAppliedToOldGivesNew(t *testing.T) {
	words := rapid.Map(rapid.SliceOf(rapid.SampledFrom([]string{"나루", "항", " ", "  ", ".", "121", "곳", "\n", "1,234.5", "%", "\xff"})), func(s []string) string { return strings.Join(s, "") })
	rapid.Check(t, func(t *rapid.T) {
		old, new := words.Draw(t, "old"), words.Draw(t, "new")
		d := body.DiffText(old, new)
		if side(d, body.Added) != old || side(d, body.Removed) != new {
			t.Fatalf("DiffText(%q, %q) = %+v", old, new, d)
		}
		for i := 1; i < len(d); i++ {
			if d[i].Op == d[i-1].Op {
				t.Fatalf("two pieces %v beside each other: %+v", d[i].Op, d)
			}
		}
	})
}

func TestRekey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, new := drawDoc(t), drawDoc(t)
		if rapid.Bool().Draw(t, "edited") {
			new = edit(t, old)
		}
		d := body.Rekey(old, new)
		if d.Text() != new.Text() {
			t.Fatalf("the text changed")
		}
		again, err := body.Parse(d.Bytes())
		if err != nil {
			t.Fatalf("Parse: %v\n%s", err, d.Bytes())
		}
		if twice := body.Rekey(again, new); string(twice.Bytes()) != string(d.Bytes()) {
			t.Fatalf("the same text once more comes out otherwise:\n%s\n%s", d.Bytes(), twice.Bytes())
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(stored(para("aaaaaaaa", "나루항"))))
	f.Add([]byte(stored(`{"type":"poll","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":"예"}]}`)))
	f.Add([]byte(`{"v":2,"doc":{"type":"doc","content":[{"type":"heading","attrs":{"id":"aaaaaaaa","level":9}}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := body.Parse(b)
		if err != nil {
			return
		}
		again, err := body.Parse(d.Bytes())
		if err != nil {
			t.Fatalf("Parse(Bytes): %v\n%s", err, d.Bytes())
		}
		if string(again.Bytes()) != string(d.Bytes()) {
			t.Fatalf("Bytes changed from\n%s\nto\n%s", d.Bytes(), again.Bytes())
		}
		checkRendered(t, string(d.HTML(body.RenderOptions{Language: "ko"})))
		body.Diff(d, again)
	})
}
