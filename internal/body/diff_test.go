package body_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sokbo/internal/body"
)

// shown writes spans as people would: [-removed-] {+added+}.
func shown(spans []body.Span) string {
	var b strings.Builder
	for _, s := range spans {
		switch s.Op {
		case body.Added:
			b.WriteString("{+" + s.Text + "+}")
		case body.Removed:
			b.WriteString("[-" + s.Text + "-]")
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func TestDiffTextReadsWell(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"", "", ""},
		{"그대로", "그대로", "그대로"},
		{"", "새로", "{+새로+}"},
		{"전국 121곳에서 열렸다.", "전국 118곳에서 열렸다.", "전국 [-121곳에서-]{+118곳에서+} 열렸다."},
		{"매출은 1,234.5억 원이다", "매출은 1,243.5억 원이다", "매출은 [-1,234.5억-]{+1,243.5억+} 원이다"},
		{"+2.08% 올랐다", "+2.80% 올랐다", "+[-2.08-]{+2.80+}% 올랐다"},
		{"나루항은 늘었다", "나루항은 크게 늘었다", "나루항은 {+크게 +}늘었다"},
		{"김 사장은 어제 말했다", "박 회장은 오늘 말했다", "[-김 사장은 어제-]{+박 회장은 오늘+} 말했다"},
		{"‘빠르다’고 했다", "“빠르다”고 했다", "[-‘-]{+“+}빠르다[-’-]{+”+}고 했다"},
	} {
		if got := shown(body.DiffText(c.old, c.new)); got != c.want {
			t.Errorf("DiffText(%q, %q) = %s; want %s", c.old, c.new, got, c.want)
		}
	}
}

func TestDiffOfBlocks(t *testing.T) {
	old := mustParse(t, stored(para("aaaaaaaa", "첫 단락"), para("bbbbbbbb", "공사는 121곳에서 한다"), para("cccccccc", "지울 단락"), para("dddddddd", "끝 단락"), para("eeeeeeee", "옮길 단락")))
	new := mustParse(t, stored(para("eeeeeeee", "옮길 단락"), para("aaaaaaaa", "첫 단락"), para("xxxxxxxx", "공사는 118곳에서 한다"), para("ffffffff", "더한 것"),
		`{"type":"paragraph","attrs":{"id":"dddddddd"},"content":[{"type":"text","text":"끝 단락","marks":[{"type":"strong"}]}]}`))
	var got []string
	for _, d := range body.Diff(old, new) {
		line := fmt.Sprintf("%s %s %s>%s %s", d.Op, d.Kind, d.OldID, d.ID, shown(d.Spans))
		if d.Moved {
			line += " moved"
		}
		if d.Markup {
			line += " markup"
		}
		got = append(got, line)
	}
	want := []string{
		"same paragraph eeeeeeee>eeeeeeee 옮길 단락 moved",
		"same paragraph aaaaaaaa>aaaaaaaa 첫 단락",
		"changed paragraph bbbbbbbb>xxxxxxxx 공사는 [-121곳에서-]{+118곳에서+} 한다", // paired because it reads alike
		"removed paragraph cccccccc>cccccccc [-지울 단락-]",
		"added paragraph >ffffffff {+더한 것+}",
		"changed paragraph dddddddd>dddddddd 끝 단락 markup",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("Diff:\n%s\nwant\n%s", g, w)
	}
}

func TestDiffTellsWhatWordsDoNot(t *testing.T) {
	link := func(href string) string {
		return stored(`{"type":"paragraph","attrs":{"id":"aaaaaaaa"},"content":[{"type":"text","text":"여기","marks":[{"type":"link","attrs":{"href":"` + href + `"}}]}]}`)
	}
	d := body.Diff(mustParse(t, link("https://a.example/")), mustParse(t, link("https://b.example/")))
	if len(d) != 1 || d[0].Op != body.Changed || !d[0].Markup {
		t.Errorf("another address: %+v", d)
	}
	listed := mustParse(t, stored(`{"type":"bullet_list","attrs":{"id":"bbbbbbbb"},"content":[{"type":"list_item","attrs":{"id":"cccccccc"},"content":[`+para("aaaaaaaa", "여기")+`]}]}`))
	if d := body.Diff(mustParse(t, stored(para("aaaaaaaa", "여기"))), listed); len(d) != 1 || !d[0].Markup {
		t.Errorf("a paragraph that went into a list: %+v", d)
	}
}

func TestRekeyKeepsIDs(t *testing.T) {
	old := mustParse(t, stored(para("aaaaaaaa", "첫 단락"), para("bbbbbbbb", "공사는 전국 121곳에서 한다")))
	new := mustParse(t, stored(para("yyyyyyyy", "앞에 온 것"), para("zzzzzzzz", "첫 단락"), para("bbbbbbbx", "공사는 전국 118곳에서 한다")))
	var ids []string
	for _, b := range body.Rekey(old, new).Blocks() {
		ids = append(ids, b.ID)
	}
	if got, want := strings.Join(ids, " "), "yyyyyyyy aaaaaaaa bbbbbbbb"; got != want {
		t.Errorf("ids %s; want %s", got, want)
	}
}

// maxDiff is what the comparison of two texts of 10,000 words may take here, race detector and slow machines
// included; one takes about 0.03 s without these.
const maxDiff = 5 * time.Second

func TestDiffOfLongTextsIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := func(n, of int) string {
		var b strings.Builder
		for range n {
			fmt.Fprintf(&b, "말%d ", r.IntN(of))
		}
		return b.String()
	}
	a := words(10_000, 3000)
	for name, b := range map[string]string{
		"nothing in common": strings.ReplaceAll(words(10_000, 3000), "말", "글"),
		"same few words":    words(10_000, 20),
		"another order":     words(10_000, 3000),
		"one word":          strings.Repeat("말1 ", 10_000),
		"many small edits":  strings.NewReplacer("말7 ", "글7 ", "말77 ", "").Replace(a),
	} {
		began := time.Now()
		d := body.DiffText(a, b)
		if took := time.Since(began); took > maxDiff {
			t.Errorf("%s: took %v; at most %v", name, took, maxDiff)
		}
		if side(d, body.Added) != a || side(d, body.Removed) != b {
			t.Errorf("%s: the spans do not make the texts", name)
		}
	}
}

func BenchmarkDiffText(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var old, new strings.Builder
	for range 10_000 {
		fmt.Fprintf(&old, "말%d ", r.IntN(3000))
		fmt.Fprintf(&new, "말%d ", r.IntN(3000))
	}
	for b.Loop() {
		body.DiffText(old.String(), new.String())
	}
}
