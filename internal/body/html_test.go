package body_test

import (
	"testing"
	"time"

	"sokbo/internal/body"
)

func TestHTML(t *testing.T) {
	seoul := time.FixedZone("KST", 9*60*60)
	for _, c := range []struct {
		name   string
		blocks []body.Node
		want   string
	}{
		{"text is escaped", []body.Node{body.Paragraph(`<b onclick="x">'&`)}, `<p>&lt;b onclick=&#34;x&#34;&gt;&#39;&amp;</p>`},
		{"figure without picture", []body.Node{body.FigureWithoutPicture("선착장에 배가 서 있다.", "나루/한들통신")},
			`<figure><figcaption>▲선착장에 배가 서 있다. <span class="credit">나루/한들통신</span></figcaption></figure>`},
		{"figure with credit only", []body.Node{body.FigureWithoutPicture("", "한들통신")},
			`<figure><figcaption><span class="credit">한들통신</span></figcaption></figure>`},
		{"figure with nothing", []body.Node{body.FigureWithoutPicture("", "")}, ``},
		{"headings are stamped, paragraphs are not", []body.Node{body.Heading(2, "日·美 ↑"), body.Paragraph("日·美 ↑")},
			"<h2>日\u2060·<wbr>美 \u2060↑</h2><p>日·美 ↑</p>"},
		{"a mark over several runs is one element", []body.Node{body.ParagraphOf(body.Text("앞 ").Link("https://b.example/?a=1&b=2"), body.Text("가운데").Strong().Link("https://b.example/?a=1&b=2"), body.Text(" 뒤").Strong())},
			`<p><a href="https://b.example/?a=1&amp;b=2" rel="noopener">앞 <strong>가운데</strong></a><strong> 뒤</strong></p>`},
		{"own host and mail are not external", []body.Node{body.ParagraphOf(body.Text("집").Link("https://naru.example/a"), body.Break(), body.Text("편지").Link("mailto:desk@naru.example"))},
			`<p><a href="https://naru.example/a">집</a><br><a href="mailto:desk@naru.example">편지</a></p>`},
		{"an instrument adds no text", []body.Node{body.ParagraphOf(body.Text("비트코인").Instrument("BTC"), body.Text("은"))},
			`<p><span data-instrument="BTC">비트코인</span>은</p>`},
		{"kana is Japanese, Hanja is not", []body.Node{body.Paragraph("‘日本を読む’ 日·美 カード AI")},
			`<p>‘<span lang="ja">日本を読む</span>’ 日·美 <span lang="ja">カード</span> AI</p>`},
		{"lists and quotes", []body.Node{body.BulletList("하나", "둘"), body.OrderedList("첫째"), body.Quote("인용", "둘째 단락")},
			`<ul><li><p>하나</p></li><li><p>둘</p></li></ul><ol><li><p>첫째</p></li></ol><blockquote><p>인용</p><p>둘째 단락</p></blockquote>`},
		{"table", []body.Node{body.Table("월별 물량", []string{"월", "물량"}, []string{"6월", "121"})},
			`<div class="table" role="region" tabindex="0" aria-label="월별 물량"><table><caption>월별 물량</caption>` +
				`<thead><tr><th scope="col">월</th><th scope="col">물량</th></tr></thead><tbody><tr><th scope="row">6월</th><td>121</td></tr></tbody></table></div>`},
		{"box and pullquote", []body.Node{body.Box("용어", body.Paragraph("뜻")), body.Pullquote("서두르지 않는다", "김 사장")},
			`<aside class="box"><p class="title">용어</p><p>뜻</p></aside><aside class="pullquote"><p>서두르지 않는다</p><p class="by">김 사장</p></aside>`},
	} {
		d, err := body.New(c.blocks...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := string(d.HTML(body.RenderOptions{Language: "ko", Host: "naru.example", Zone: seoul})); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestHTMLOfStoredKinds(t *testing.T) {
	d := mustParse(t, stored(
		`{"type":"entry","attrs":{"id":"aaaaaaaa","title":"개장","at":1718868840000},"content":[`+para("bbbbbbbb", "장이 열렸다")+`]}`,
		`{"type":"video","attrs":{"id":"cccccccc","href":"https://v.example/1"},"content":[{"type":"text","text":"영상","marks":[{"type":"link","attrs":{"href":"https://w.example/"}}]}]}`,
		`{"type":"board","attrs":{"id":"dddddddd","board":"crypto"}}`,
		`{"type":"ordered_list","attrs":{"id":"eeeeeeee","order":4},"content":[{"type":"list_item","attrs":{"id":"ffffffff"},"content":[`+para("gggggggg", "넷째")+`]}]}`))
	want := `<section class="entry"><p class="at"><time datetime="2024-06-20T16:34:00+09:00">2024-06-20 16:34</time></p><h2>개장</h2><p>장이 열렸다</p></section>` +
		`<figure class="video"><figcaption><a href="https://v.example/1" rel="noopener">영상</a></figcaption></figure>` +
		`<ol start="4"><li><p>넷째</p></li></ol>`
	if got := string(d.HTML(body.RenderOptions{Language: "ko", Zone: time.FixedZone("KST", 9*60*60)})); got != want {
		t.Errorf("HTML =\n%s\nwant\n%s", got, want)
	}
}

func TestKoreanInOtherLanguages(t *testing.T) {
	d, err := body.New(body.Paragraph("The word 추가 취재 means 取材する more"))
	if err != nil {
		t.Fatal(err)
	}
	want := `<p>The word <span lang="ko">추가 취재</span> means <span lang="ja">取材する</span> more</p>`
	if got := string(d.HTML(body.RenderOptions{Language: "en"})); got != want {
		t.Errorf("HTML = %s; want %s", got, want)
	}
}

func TestStamp(t *testing.T) {
	if got, want := string(body.Stamp("美·中 <정상> 주가 ↑↓…")), "美\u2060·<wbr>中 &lt;정상&gt; 주가 \u2060↑\u2060↓…"; got != want {
		t.Errorf("Stamp = %q; want %q", got, want)
	}
}
