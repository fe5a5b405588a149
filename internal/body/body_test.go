package body_test

import (
	"strings"
	"testing"

	"sokbo/internal/body"
	"sokbo/internal/fault"
)

// para is the stored form of one paragraph.
func para(id, text string) string {
	return `{"type":"paragraph","attrs":{"id":"` + id + `"},"content":[{"type":"text","text":"` + text + `"}]}`
}

func stored(blocks ...string) string {
	return `{"v":1,"doc":{"type":"doc","content":[` + strings.Join(blocks, ",") + `]}}`
}

func mustParse(t testing.TB, s string) body.Doc {
	t.Helper()
	d, err := body.Parse([]byte(s))
	if err != nil {
		t.Fatalf("Parse(%.300s): %v", s, err)
	}
	return d
}

func TestCanonicalFormIsStable(t *testing.T) {
	for _, s := range []string{
		`{"v":1,"doc":{"type":"doc"}}`,
		stored(para("aaaaaaaa", "나루항 물동량이 늘었다.")),
		stored(`{"type":"heading","attrs":{"id":"aaaaaaaa","level":2},"content":[{"type":"text","text":"전망"}]}`,
			`{"type":"figure","attrs":{"id":"bbbbbbbb","photo":"p1","alt":"부두","credit":"나루/한들통신"},"content":[{"type":"text","text":"부두에 선 배"}]}`,
			`{"type":"horizontal_rule","attrs":{"id":"cccccccc"}}`,
			`{"type":"paragraph","attrs":{"id":"dddddddd"},"content":[{"type":"text","text":"표는 ","marks":[{"type":"link","attrs":{"href":"https://a.example/"}},{"type":"strong"}]},{"type":"hard_break"},{"type":"text","text":"아래"}]}`,
			`{"type":"table","attrs":{"id":"eeeeeeee","caption":"물동량"},"content":[{"type":"table_row","attrs":{"id":"ffffffff"},"content":[{"type":"table_header","attrs":{"id":"gggggggg","scope":"col"},"content":[{"type":"text","text":"월"}]},{"type":"table_cell","attrs":{"id":"hhhhhhhh","colspan":2}}]}]}`,
			`{"type":"related","attrs":{"id":"iiiiiiii","title":"관련","stories":["4711002983"]}}`,
			`{"type":"entry","attrs":{"id":"jjjjjjjj","title":"개장","at":1718868840000},"content":[`+para("kkkkkkkk", "장이 열렸다")+`]}`),
	} {
		if got := string(mustParse(t, s).Bytes()); got != s {
			t.Errorf("Bytes(Parse(x)) =\n%s\nwant x:\n%s", got, s)
		}
	}
}

func TestOneTextHasOneForm(t *testing.T) {
	want := stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":"강물","marks":[{"type":"link","attrs":{"href":"https://a.example/"}},{"type":"em"}]}]}`)
	for name, s := range map[string]string{
		"order of fields, white space": ` { "doc" : { "content" : [ { "content" : [ { "text" : "강물" , "marks":[{"type":"link","attrs":{"href":"https://a.example/"}},{"type":"em"}],"type":"text"} ], "attrs":{"id":"aaaaaaaa"}, "type":"paragraph"} ], "type":"doc"} , "v":1 }`,
		"order of marks":               strings.Replace(want, `{"type":"link","attrs":{"href":"https://a.example/"}},{"type":"em"}`, `{"type":"em"},{"type":"link","attrs":{"href":"https://a.example/"}}`, 1),
		"absent attribute as null":     strings.Replace(want, `{"href":"https://a.example/"}`, `{"href":"https://a.example/","title":null}`, 1),
		"decomposed syllables":         strings.Replace(want, "강물", "\u1100\u1161\u11bc\u1106\u116e\u11af", 1),
		"runs in pieces":               strings.Replace(want, `{"type":"text","text":"강물",`, `{"type":"text","text":"강","marks":[{"type":"link","attrs":{"href":"https://a.example/"}},{"type":"em"}]},{"type":"text","text":"물",`, 1),
	} {
		if got := string(mustParse(t, s).Bytes()); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	deep := func(n int) string {
		s := para("zzzzzzzz", "가")
		for i := range n - 1 {
			id := "q" + strings.Repeat("x", 7-len(string(rune('a'+i%26)))) + string(rune('a'+i%26))
			if i >= 26 {
				id = "Q" + id[1:]
			}
			s = `{"type":"blockquote","attrs":{"id":"` + id + `"},"content":[` + s + `]}`
		}
		return stored(s)
	}
	if _, err := body.Parse([]byte(deep(body.MaxDepth))); err != nil {
		t.Errorf("a text of depth %d: %v", body.MaxDepth, err)
	}
	link := func(href string) string {
		return stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":"가","marks":[{"type":"link","attrs":{"href":"` + href + `"}}]}]}`)
	}
	for _, c := range []struct{ name, in, code string }{
		{"nothing", ``, "body-json"},
		{"not JSON", `{"v":1,`, "body-json"},
		{"two texts", stored() + stored(), "body-json"},
		{"not UTF-8", stored(para("aaaaaaaa", "\xff")), "body-encoding"},
		{"another shape", `[]`, "body-schema"},
		{"no version", `{"doc":{"type":"doc"}}`, "body-schema"},
		{"version 0", `{"v":0,"doc":{"type":"doc"}}`, "body-version"},
		{"version as text", `{"v":"1","doc":{"type":"doc"}}`, "body-version"},
		{"field beside the text", `{"v":1,"doc":{"type":"doc"},"x":1}`, "body-schema"},
		{"field twice", `{"v":1,"v":1,"doc":{"type":"doc"}}`, "body-schema"},
		{"field in another case", `{"v":1,"Doc":{"type":"doc"}}`, "body-schema"},
		{"no doc inside", `{"v":1,"doc":{"type":"paragraph"}}`, "body-schema"},
		{"doc in doc", stored(`{"type":"doc"}`), "body-schema"},
		{"block without id", stored(`{"type":"paragraph"}`), "body-schema"},
		{"short id", stored(para("aaa", "가")), "body-schema"},
		{"id with markup", stored(para("aaa<aaaa", "가")), "body-schema"},
		{"the same id twice", stored(para("aaaaaaaa", "가"), para("aaaaaaaa", "나")), "body-schema"},
		{"unknown field", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"onclick":"x"}`), "body-schema"},
		{"unknown attribute", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa","style":"x"}}`), "body-schema"},
		{"another kind's attribute", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa","level":2}}`), "body-schema"},
		{"heading 1", stored(`{"type":"heading","attrs":{"id":"aaaaaaaa","level":1}}`), "body-schema"},
		{"heading 2.5", stored(`{"type":"heading","attrs":{"id":"aaaaaaaa","level":2.5}}`), "body-schema"},
		{"heading without level", stored(`{"type":"heading","attrs":{"id":"aaaaaaaa"}}`), "body-schema"},
		{"block in a paragraph", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[` + para("bbbbbbbb", "가") + `]}`), "body-schema"},
		{"run without block", stored(`{"type":"text","text":"가"}`), "body-schema"},
		{"row without table", stored(`{"type":"table_row","attrs":{"id":"aaaaaaaa"},"content":[{"type":"table_cell","attrs":{"id":"bbbbbbbb"}}]}`), "body-schema"},
		{"box in a box", stored(`{"type":"box","attrs":{"id":"aaaaaaaa"},"content":[{"type":"box","attrs":{"id":"bbbbbbbb"},"content":[` + para("cccccccc", "가") + `]}]}`), "body-schema"},
		{"empty list", stored(`{"type":"bullet_list","attrs":{"id":"aaaaaaaa"}}`), "body-schema"},
		{"list item that begins with a list", stored(`{"type":"bullet_list","attrs":{"id":"aaaaaaaa"},"content":[{"type":"list_item","attrs":{"id":"bbbbbbbb"},"content":[{"type":"bullet_list","attrs":{"id":"cccccccc"},"content":[{"type":"list_item","attrs":{"id":"dddddddd"},"content":[` + para("eeeeeeee", "가") + `]}]}]}]}`), "body-schema"},
		{"empty run", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":""}]}`), "body-schema"},
		{"control character", stored(para("aaaaaaaa", `가\u0007`)), "body-schema"},
		{"line break in a run", stored(para("aaaaaaaa", `가\n나`)), "body-schema"},
		{"line separator", stored(para("aaaaaaaa", "가\u2028나")), "body-schema"},
		{"not a character", stored(para("aaaaaaaa", "가\uffff")), "body-schema"},
		{"ragged table", stored(`{"type":"table","attrs":{"id":"aaaaaaaa"},"content":[{"type":"table_row","attrs":{"id":"bbbbbbbb"},"content":[{"type":"table_cell","attrs":{"id":"cccccccc"}}]},{"type":"table_row","attrs":{"id":"dddddddd"},"content":[{"type":"table_cell","attrs":{"id":"eeeeeeee"}},{"type":"table_cell","attrs":{"id":"ffffffff"}}]}]}`), "body-schema"},
		{"cell that spans rows that are not there", stored(`{"type":"table","attrs":{"id":"aaaaaaaa"},"content":[{"type":"table_row","attrs":{"id":"bbbbbbbb"},"content":[{"type":"table_cell","attrs":{"id":"cccccccc","rowspan":2}}]}]}`), "body-schema"},
		{"wide cell", stored(`{"type":"table","attrs":{"id":"aaaaaaaa"},"content":[{"type":"table_row","attrs":{"id":"bbbbbbbb"},"content":[{"type":"table_cell","attrs":{"id":"cccccccc","colspan":101}}]}]}`), "body-schema"},
		{"a mark twice", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":"가","marks":[{"type":"em"},{"type":"em"}]}]}`), "body-schema"},
		{"a mark with more", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":"가","marks":[{"type":"em","attrs":{"onclick":"x"}}]}]}`), "body-schema"},
		{"nine marks", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":"가","marks":[` + strings.TrimSuffix(strings.Repeat(`{"type":"new"},`, body.MaxMarks+1), ",") + `]}]}`), "body-schema"},
		{"instrument with markup", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":"가","marks":[{"type":"instrument","attrs":{"key":"btc\"><"}}]}]}`), "body-schema"},
		{"link without address", link(""), "body-schema"},
		{"script", link("javascript:alert(1)"), "body-schema"},
		{"script in capitals", link("JavaScript:alert(1)"), "body-schema"},
		{"data", link("data:text/html,x"), "body-schema"},
		{"relative address", link("/articles/1"), "body-schema"},
		{"no scheme", link("//a.example/"), "body-schema"},
		{"no host", link("https:///x"), "body-schema"},
		{"user in the address", link("https://bank@evil.example/"), "body-schema"},
		{"backslash", link(`https://a.example\\@b.example/`), "body-schema"},
		{"space", link("https://a.example/a b"), "body-schema"},
		{"tab", link(`java\tscript:x`), "body-schema"},
		{"long address", link("https://a.example/" + strings.Repeat("a", body.MaxURL)), "body-schema"},
		{"long credit", stored(`{"type":"figure","attrs":{"id":"aaaaaaaa","credit":"` + strings.Repeat("a", body.MaxLine+1) + `"}}`), "body-schema"},
		{"too deep", deep(body.MaxDepth + 1), "body-depth"},
		{"unknown kind too deep", stored(`{"type":"new","content":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`), "body-depth"},
		{"too big", stored(para("aaaaaaaa", strings.Repeat("a", body.MaxBytes))), "body-size"},
		{"too many parts", stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[` + strings.TrimSuffix(strings.Repeat(`{"type":"hard_break"},`, body.MaxNodes), ",") + `]}`), "body-nodes"},
	} {
		_, err := body.Parse([]byte(c.in))
		if got := fault.CodeOf(err); got != c.code {
			t.Errorf("%s: code %q; want %q (%v)", c.name, got, c.code, err)
		}
	}
}

func TestParseSaysWhere(t *testing.T) {
	_, err := body.Parse([]byte(stored(para("aaaaaaaa", "가"), `{"type":"bullet_list","attrs":{"id":"bbbbbbbb"},"content":[{"type":"list_item","attrs":{"id":"cccccccc"},"content":[{"type":"figure","attrs":{"id":"dddddddd"}}]}]}`)))
	if err == nil || !strings.Contains(err.Error(), "2.1.1 figure may not stand here") {
		t.Errorf("the fault says %v", err)
	}
}

func TestNewerKindsSurvive(t *testing.T) {
	poll := `{"type":"poll", "attrs":{"id":"pppppppp","question":"왜?<b>","weights":[1.50,2e3]} ,"content":[{"type":"choice","content":[{"type":"text","text":"예 & 아니요"}]}]}`
	glow := `{"type":"glow","attrs":{"b":1,"a":2.0}}`
	s := stored(para("aaaaaaaa", "앞"), poll,
		`{"type":"paragraph","attrs":{"id":"bbbbbbbb"},"content":[{"type":"text","text":"뒤","marks":[{"type":"strong"},`+glow+`]},{"type":"emoji","attrs":{"name":"wave"}}]}`)
	d := mustParse(t, s)
	if got := string(d.Bytes()); got != s {
		t.Errorf("Bytes =\n%s\nwant\n%s", got, s)
	}
	if got, want := string(d.HTML(body.RenderOptions{})), "<p>앞</p><p>예 &amp; 아니요</p><p><strong>뒤</strong></p>"; got != want {
		t.Errorf("HTML = %s; want %s", got, want)
	}
	// A later form may change the rules of what we know, too.
	newer := strings.Replace(stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa","tone":"calm"},"content":[{"type":"text","text":"차분"}]}`, para("bbbbbbbb", "그대로")), `"v":1`, `"v":2`, 1)
	d = mustParse(t, newer)
	if got := string(d.Bytes()); got != newer {
		t.Errorf("Bytes =\n%s\nwant\n%s", got, newer)
	}
	if got, want := d.Text(), "차분\n\n그대로"; got != want {
		t.Errorf("Text = %q; want %q", got, want)
	}
}

func TestNormalForm(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"\u1112\u1161\u11ab글", "한글"},
		{"Cafe\u0301", "Café"},
		{"\uf9d3과 \uf900", "\uf9d3과 \uf900"}, // compatibility Hanja stay
		{"\u212b\u0301", "\u212b\u0301"},
		{"e\u0301\uf9d3e\u0301", "é\uf9d3é"},
		{"日 脫네이버", "日 脫네이버"},
	} {
		if got := body.NFC(c.in); got != c.want {
			t.Errorf("NFC(%+q) = %+q; want %+q", c.in, got, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	if got, err := body.Line("  나루\u1112\u1161\u11ab \u00a0"); err != nil || got != "나루한" {
		t.Errorf("Line = %q, %v; want 나루한", got, err)
	}
	for _, s := range []string{"가\n나", "가\x00", "\xff", "가\ufeff"} {
		if _, err := body.Line(s); fault.CodeOf(err) != "body-text" {
			t.Errorf("Line(%q): %v; want a fault body-text", s, err)
		}
	}
}

func TestBuiltTextIsChecked(t *testing.T) {
	if _, err := body.New(body.Paragraph("가\a")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a paragraph with a bell: %v; want an invalid fault", err)
	}
	blocks := []body.Node{body.Paragraph("같은 말"), body.Paragraph("같은 말"), body.BulletList("하나", "둘"), body.FigureWithoutPicture("선착장", "나루/한들통신")}
	a, err := body.FromContent(blocks...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := body.FromContent(append([]body.Node{body.Heading(2, "새 소제목")}, blocks...)...)
	if err != nil {
		t.Fatal(err)
	}
	if x, y := a.Blocks(), b.Blocks()[1:]; len(x) != 5 || x[0].ID == x[1].ID {
		t.Errorf("blocks %v", x)
	} else {
		for i := range x {
			if x[i].ID != y[i].ID {
				t.Errorf("block %d changed its id from %s to %s", i, x[i].ID, y[i].ID)
			}
		}
	}
	if again, _ := body.FromContent(blocks...); string(again.Bytes()) != string(a.Bytes()) {
		t.Error("the same content gives other bytes")
	}
}

func TestFiguresAndText(t *testing.T) {
	d, err := body.New(body.FigureWithoutPicture("선착장에 배가 서 있다.", "나루/한들통신"), body.Heading(2, "전망"), body.Paragraph("늘어난다."),
		body.Table("월별", []string{"월", "물량"}, []string{"6월", "121"}), body.Pullquote("서두르지 않는다", "김 사장"))
	if err != nil {
		t.Fatal(err)
	}
	f := d.Figures()
	if len(f) != 1 || f[0].Caption != "선착장에 배가 서 있다." || f[0].Credit != "나루/한들통신" || f[0].Photo != "" {
		t.Errorf("Figures = %+v", f)
	}
	if got, want := d.Text(), "선착장에 배가 서 있다.\n나루/한들통신\n\n전망\n\n늘어난다.\n\n월별\n\n월 | 물량\n\n6월 | 121\n\n서두르지 않는다\n김 사장"; got != want {
		t.Errorf("Text = %q; want %q", got, want)
	}
}
