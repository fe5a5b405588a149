package theme_test

import (
	"html/template"
	"strconv"
	"strings"
	"testing"

	"sokbo/internal/body"
	"sokbo/internal/site/theme"
)

// Pages as the tests show them: full, empty, long and odd, in every language.

func asset(name string) string { return "/assets/0123456789/" + name }

func frame(language string) theme.Frame {
	w := theme.In(language)
	f := theme.Frame{
		Words:       w,
		Prefs:       theme.DefaultPrefs,
		Paper:       theme.Paper{Name: "나루경제", Latin: "Naru Economic Daily"},
		Title:       "‘공장 짓기’ 멈춘 반도체…설비투자 8년 만에 뒷걸음 | 나루경제",
		Heading:     "‘공장 짓기’ 멈춘 반도체…설비투자 8년 만에 뒷걸음",
		Description: "내년 계획 41조2000억원, 11.4% 감소",
		Canonical:   "http://localhost:8080/articles/4711002983",
		Path:        "/articles/4711002983",
		Home:        "/",
		Today:       theme.Moment{Machine: "2026-11-24", Full: "2026년 11월 24일 화요일"},
		Live:        "board.crypto,board.movers,article.4711002983,site",
		Version:     3,
	}
	for _, l := range theme.Languages {
		f.Editions = append(f.Editions, theme.Edition{Language: l, Self: theme.In(l).Self, URL: "/" + l, Current: l == language})
	}
	strip := crypto(w, false)
	strip.Tables = [][]theme.Row{strip.Tables[0][:3]}
	f.Strip = &strip
	return f
}

func row(w *theme.Words, key, name, price, percent string) theme.Row {
	r := theme.Row{Key: key, State: "live", Name: name, Price: price, Percent: percent}
	switch {
	case strings.HasPrefix(percent, "+"):
		r.Direction, r.Arrow, r.Word = "up", "▲", w.Script.Up
	case strings.HasPrefix(percent, "−"):
		r.Direction, r.Arrow, r.Word = "down", "▼", w.Script.Down
	case percent == "0.00%":
		r.Direction, r.Word = "flat", w.Script.Flat
	default:
		r.Direction = "none"
	}
	return r
}

func crypto(w *theme.Words, wide bool) theme.Board {
	rows := []theme.Row{
		row(w, "BTC", "비트코인", "128,450,000", "+2.08%"),
		row(w, "ETH", "이더리움", "4,848,000", "−0.41%"),
		row(w, "BCH", "비트코인 캐시", "546,500", "+0.09%"),
		row(w, "XRP", "리플", "813", "+8.26%"),
		row(w, "SOL", "솔라나", "226,300", "0.00%"),
		row(w, "ADA", "에이다", "618", "+1.31%"),
		row(w, "EOS", "이오스", "846", "+4.19%"),
		row(w, "TRX", "트론", "187.4", "−3.11%"),
		row(w, "XLM", "스텔라루멘", "150", "+2.74%"),
		row(w, "BSV", "비트코인에스브이", "63,700", w.Script.None),
		row(w, "LINK", "체인링크", "19,980", "+0.96%"),
		row(w, "SAND", "샌드박스", "472", "+1.29%"),
	}
	rows[5].State, rows[5].StateWord = "stale", theme.Fill(w.Script.State.Stale, "time", "13:59")
	rows[7].State, rows[7].StateWord = "halted", w.Script.State.Halted
	b := theme.Board{
		Name: "crypto", Title: w.Crypto, Aloud: true, Tag: w.Simulated,
		PriceHead: theme.Fill(w.Price, "currency", w.Won), RateHead: w.Rate,
		Tables: [][]theme.Row{rows}, Empty: w.NoQuotes,
		Basis: "24h", BasisText: w.Basis.Day, Source: theme.Fill(w.Source, "name", "빗썸"),
		AsOf: &theme.Moment{Machine: "2026-11-24T14:00:31.123+09:00", Full: "14:00:31"},
	}
	if wide {
		b.Tables = [][]theme.Row{rows[:6], rows[6:]}
	}
	return b
}

func movers(w *theme.Words) theme.Board {
	rows := []theme.Row{
		row(w, "900001", "한빛반도체", "214,500", "+12.30%"),
		row(w, "900002", "동해해운", "38,950", "+9.87%"),
		row(w, "900003", "서림제약", "71,200", "+8.04%"),
		row(w, "900004", "누리로봇", "15,430", "+7.66%"),
		row(w, "900005", "청명에너지", "9,870", "+6.91%"),
		row(w, "900006", "백두건설", "23,150", "+6.02%"),
	}
	for i := range rows {
		rows[i].State, rows[i].StateWord = "closed", w.Script.State.Closed
	}
	return theme.Board{
		Name: "movers", Title: w.Movers, Ranked: true, Session: "11.23 " + w.Script.Session.Closed, Tag: w.Simulated,
		PriceHead: theme.Fill(w.Price, "currency", w.Won), RateHead: w.RateOfDay,
		Tables: [][]theme.Row{rows}, Empty: w.NoQuotes,
		Basis: "previousClose", BasisText: w.Basis.PreviousClose,
		AsOf: &theme.Moment{Machine: "2026-11-24T14:00:31.123+09:00", Full: "14:00:31"},
	}
}

func stated(w *theme.Words, b theme.Board) theme.Board {
	b.Stated, b.Tag, b.Source, b.AsOf = true, w.SavedPage, "", nil
	b.Basis, b.BasisText, b.Empty, b.Aloud = "stated", w.Basis.Stated, w.NoneSaved, false
	if b.Session != "" {
		b.Session, b.SavedNote = "07.16 장종료", w.SavedThen
	}
	for _, t := range b.Tables {
		for i := range t {
			t[i].State, t[i].StateWord = "stale", ""
		}
	}
	return b
}

func mains() []theme.Headline {
	return []theme.Headline{
		{URL: "/articles/1000000001", Headline: "“넷 중 셋은 문 닫을 판”…동네 서점의 마지막 겨울", Series: "골목경제"},
		{URL: "/articles/1000000002", Headline: "전기차 보조금 끝나자 중고값 '뚝'…석 달 새 19%↓", Series: "모빌리티N"},
		{Headline: "해상운임 다시 2000선…수출 中企 '비명'"},
		{URL: "/articles/1000000004", Headline: "비트코인, 1억2800만원 회복…'ETF 순유입' 열흘째", Series: "코인워치"},
		{URL: "/articles/1000000005", Headline: "분양가 상한제 3년, 강남 청약 경쟁률 되레 올랐다", Series: "집값추적"},
		{URL: "/articles/1000000006", Label: "단독", Headline: "'시총 3위' 한빛반도체, 美 공장 2년 연기 검토"},
		{URL: "/articles/1000000007", Headline: "은행 예금 금리 2%대 초반…5년 만기가 1년보다 낮다"},
		{URL: "https://example.com/a?b=1&c=2", Headline: "[사설] 통계를 고치기 전에 설명부터 해야 한다"},
	}
}

func moment(text string) *theme.Moment {
	return &theme.Moment{Machine: strings.Replace(text, " ", "T", 1) + ":00+09:00", Full: text}
}

func text(t testing.TB, language string) template.HTML {
	t.Helper()
	d, err := body.FromContent(
		body.FigureWithoutPicture("한빛반도체가 내년 양산을 목표로 개발 중인 추론용 칩 시제품.", "그래픽=나루경제"),
		body.Paragraph("내년 국내 반도체 설비투자가 8년 만에 줄어든다. 나루경제가 24일 주요 반도체 기업과 협력사 124곳의 투자 계획을 전수 조사한 결과, 내년 설비투자 예정액은 41조2000억원으로 올해 추정치(46조5000억원)보다 11.4% 적었다. 연간 기준으로 감소는 2018년 이후 처음이다."),
		body.ParagraphOf(body.Text("감소분 5조3000억원 가운데 4조1000억원은 두 회사의 결정에서 나왔다. "), body.Text("한빛반도체").Instrument("900001"), body.Text("는 美 오리건 2공장 착공을 2028년으로 미뤘고, 동서전자는 日 구마모토 합작 라인의 지분을 줄였다. "), body.Text("공시").Link("https://example.com/filing"), body.Text("에 따른 것이다.")),
		body.Heading(2, "협력사 118곳 중 63곳 “수주 끊겨”"),
		body.Paragraph("충격은 아래로 갈수록 컸다. 장비·소재 협력사 118곳 가운데 63곳은 내년 1분기 수주가 ‘없거나 올해의 절반 이하’라고 답했다. 경기 평택의 한 장비업체 대표는 “지금 수주 잔고로 버틸 수 있는 시간은 6개월”이라며 “사람부터 내보내야 하는 상황”이라고 했다."),
		body.Pullquote("짓지 않겠다는 것이 아니라 순서를 바꾸는 것", "한빛반도체 관계자"),
		body.BulletList("내년 설비투자 41조2000억원", "올해 추정치 46조5000억원", "감소율 11.4%"),
		body.Quote("정부는 다음 달 세액공제 연장안을 낸다."),
		body.Table("주요 기업 설비투자 계획 (조원)", []string{"기업", "올해", "내년"}, []string{"한빛반도체", "21.3", "18.9"}, []string{"동서전자", "14.8", "13.1"}),
		body.Paragraph("자료는 https://example.com/reports/2026/semiconductor-capital-expenditure-survey-results-by-company-and-quarter.html 에서 볼 수 있다."),
		body.Box("어떻게 조사했나", body.Paragraph("11월 3일부터 20일까지 전화와 서면으로 물었다. 응답률은 95%다.")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return d.HTML(body.RenderOptions{Language: language, Host: "localhost:8080"})
}

func reactions(w *theme.Words, mine string) theme.Reactions {
	r := theme.Reactions{Number: "4711002983"}
	for i, kind := range theme.Kinds {
		r.Kinds = append(r.Kinds, theme.Reaction{Kind: kind, Name: w.React[i], Count: [...]string{"128", "41", "17", "1,206"}[i], Mine: kind == mine})
	}
	return r
}

func article(t testing.TB, language string) theme.ArticlePage {
	w := theme.In(language)
	return theme.ArticlePage{
		Frame:      frame(language),
		Rail:       theme.Rail{MainNews: mains(), Boards: []theme.Board{movers(w), crypto(w, false)}},
		Headline:   theme.Headline{Label: "단독", Headline: "‘공장 짓기’ 멈춘 반도체…설비투자 8년 만에 뒷걸음", Series: "공장은 지금", Byline: "이수민 기자"},
		Deck:       "내년 계획 41조2000억원, 11.4% 감소 — 美 공장 착공 연기에 협력사 절반 “수주 끊겨”",
		Published:  *moment("2026-11-24 09:53"),
		Modified:   *moment("2026-11-24 10:27"),
		HistoryURL: "/articles/4711002983/history",
		Body:       text(t, language),
		Correction: &theme.Correction{Kind: "정정", Note: "협력사 응답 수를 121곳에서 118곳으로 고쳤습니다. 중복 응답 3곳을 뺐습니다."},
		Reactions:  reactions(w, ""),
	}
}

func front(t testing.TB, language string) theme.FrontPage {
	w := theme.In(language)
	p := theme.FrontPage{
		Frame: frame(language),
		Rail:  theme.Rail{MainNews: mains(), Boards: []theme.Board{crypto(w, true), movers(w)}},
		Lead: &theme.Headline{
			URL: "/articles/4711002983", Label: "단독", Headline: "‘공장 짓기’ 멈춘 반도체…설비투자 8년 만에 뒷걸음", Byline: "이수민 기자", Time: moment("2026-11-24 09:53"),
			Summary: "내년 계획 41조2000억원, 11.4% 감소 — 美 공장 착공 연기에 협력사 절반 “수주 끊겨”",
			Text: []string{
				"내년 국내 반도체 설비투자가 8년 만에 줄어든다. 나루경제가 24일 주요 반도체 기업과 협력사 124곳의 투자 계획을 전수 조사한 결과, 내년 설비투자 예정액은 41조2000억원으로 올해 추정치(46조5000억원)보다 11.4% 적었다.",
				"감소분 5조3000억원 가운데 4조1000억원은 두 회사의 결정에서 나왔다. 한빛반도체는 美 오리건 2공장 착공을 2028년으로 미뤘고, 동서전자는 日 구마모토 합작 라인의 지분을 줄였다.",
			},
		},
		Seconds: []theme.Headline{
			{URL: "/articles/1000000011", Headline: "홍해 막히자 희망봉으로…해상운임 석 달 만에 두 배", Summary: "유럽행 40피트 컨테이너 한 개 운임이 5200달러를 넘었다. 성수기 할증까지 붙으면 연말 6000달러를 넘길 전망이다.", Byline: "박도현 기자", Time: moment("2026-11-24 09:10")},
			{URL: "/articles/1000000012", Headline: "전세 매물 3주째 감소…“입주 물량 절벽 온다”", Summary: "수도권 아파트 전세 매물이 2만6000건 아래로 내려왔다. 내년 상반기 입주 물량은 올해의 58% 수준이다.", Time: moment("2026-11-24 08:40")},
			{URL: "/articles/1000000013", Headline: "금리 내렸는데 대출 이자는 왜 그대로인가", Series: "돈의 길", Summary: "은행이 얹는 가산금리가 석 달 새 0.31%p 올랐다. 기준금리 인하분을 그대로 되가져간 셈이다.", Time: moment("2026-11-24 08:05")},
			{URL: "/articles/1000000014", Headline: "“우리말 40년치 학습”…신문사가 만드는 AI", Time: moment("2026-11-24 07:30")},
		},
	}
	for i, h := range []string{
		"재건축 초과이익 환수, 첫 부과 통지서 나간다",
		"조선 빅3, 올해 수주 목표 조기 달성",
		"석화 구조조정 ‘자율’ 시한 한 달…합의는 한 곳뿐",
		"배터리 3사 가동률 52%…보조금 반납 조건 논란",
		"데이터센터가 삼킨 전기, 공단은 순번 대기",
		"공장은 왜 밤에 불을 끄는가",
	} {
		l := theme.Headline{URL: "/articles/200000000" + strconv.Itoa(i), Headline: h, Time: moment("2026-11-23 1" + strconv.Itoa(9-i) + ":20")}
		if i%2 == 0 {
			l.Summary, l.Byline = "서남권 산단 세 곳의 신규 수전 신청이 2029년 이후로 밀렸다. 한 해 사이 데이터센터 계약 전력이 2.7배로 늘어서다.", "정하윤 기자"
		}
		p.Newest = append(p.Newest, l)
	}
	p.AtHome, p.Version = true, 0
	p.Heading, p.Title = p.Paper.Name, p.Paper.Name
	p.Alternates = []theme.Edition{{Language: "ko", URL: "http://localhost:8080/"}, {Language: "en", URL: "http://localhost:8080/en"}}
	return p
}

func history(language string) theme.HistoryPage {
	w := theme.In(language).History
	hash := strings.Repeat("9f2c41ab07de5b1e", 4)
	return theme.HistoryPage{
		Frame:      frame(language),
		ArticleURL: "/articles/4711002983",
		Headline:   "‘공장 짓기’ 멈춘 반도체…설비투자 8년 만에 뒷걸음",
		Summary:    theme.Fill(w.Times, "n", "2"),
		Versions: []theme.Version{
			{N: 4, Name: theme.Fill(w.Version, "n", "4"), Void: true, Kind: w.Void, Note: w.VoidNote, Hash: hash},
			{N: 3, Name: theme.Fill(w.Version, "n", "3"), Kind: "정정", Time: moment("2026-11-24 10:27"), Note: "협력사 응답 수를 121곳에서 118곳으로 고쳤습니다. 중복 응답 3곳을 뺐습니다.",
				Changes:   []theme.Change{{Spans: []theme.Span{{Text: "충격은 아래로 갈수록 컸다. 장비·소재 협력사 "}, {Op: theme.Removed, Text: "121곳"}, {Text: " "}, {Op: theme.Added, Text: "118곳"}, {Text: " 가운데 "}, {Op: theme.Removed, Text: "65곳은"}, {Text: " "}, {Op: theme.Added, Text: "63곳은"}, {Text: " 내년 1분기 수주가 ‘없거나 올해의 절반 이하’라고 답했다."}}}},
				Unchanged: theme.Fill(w.Unchanged, "n", "11"), Hash: hash},
			{N: 2, Name: theme.Fill(w.Version, "n", "2"), Kind: w.Changed, Time: moment("2026-11-24 10:05"),
				Changes: []theme.Change{
					{Field: w.Deck, Spans: []theme.Span{{Text: "내년 계획 41조2000억원, 11.4% 감소 "}, {Op: theme.Added, Text: "— 美 공장 착공 연기에 협력사 절반 “수주 끊겨”"}}},
					{Field: w.Figure, Spans: []theme.Span{{Op: theme.Added, Text: "칩 시제품.\n그래픽=나루경제"}}},
					{Spans: []theme.Span{{Op: theme.Added, Text: "한빛반도체 관계자는 “짓지 않겠다는 것이 아니라 순서를 바꾸는 것”이라고 말했다."}}},
				}, Hash: hash},
			{N: 1, Name: theme.Fill(w.Version, "n", "1"), Kind: w.First, Time: moment("2026-11-24 09:53"), Hash: hash},
		},
	}
}

// odd is text that a careless template would break on.
const odd = `</script><b>"'&amp;<!-- {{.}} ` + "\u202e" + `가나다 뷁 𠮷 👩‍👩‍👧 `

var long = strings.Repeat("나노초단위초정밀반도체설비투자", 12) + " " + strings.Repeat("Donaudampfschifffahrt", 8)

// samples are the pages by name.
func samples(t testing.TB, language string) map[string]theme.Page {
	w := theme.In(language)
	all := map[string]theme.Page{
		"article": article(t, language),
		"front":   front(t, language),
		"history": history(language),
	}

	bare := theme.ArticlePage{Frame: frame(language), Headline: theme.Headline{Headline: "제목뿐인 기사"}, Published: *moment("2024-06-20 16:34"), Modified: *moment("2024-06-20 16:34"), HistoryURL: "/articles/4711002983/history", Reactions: reactions(w, "")}
	bare.Strip, bare.Live, bare.Linked = nil, "", nil
	all["article-bare"] = bare

	printed := article(t, language)
	printed.Label, printed.Deck, printed.Correction, printed.Series, printed.Headline.Byline = "", "", nil, "", ""
	printed.MainSaved = true
	empty := movers(w)
	empty.Tables = nil
	printed.Boards = []theme.Board{stated(w, empty), stated(w, crypto(w, false))}
	strip := printed.Boards[1]
	strip.Tables = [][]theme.Row{strip.Tables[0][:3]}
	printed.Strip = &strip
	all["article-stated"] = printed

	for name, s := range map[string]string{"odd": odd, "long": long} {
		p := article(t, language)
		p.Headline = theme.Headline{Label: s, Headline: s, Series: s, Byline: s, Breaking: true}
		p.Deck, p.Title, p.Frame.Heading, p.Description, p.Paper.Name = s, s, s, s, s
		p.Linked = map[string]string{"headline": s}
		p.MainNews = []theme.Headline{p.Headline, p.Headline}
		for i := range p.Boards {
			for j := range p.Boards[i].Tables[0] {
				p.Boards[i].Tables[0][j].Name = s
			}
		}
		p.Reactions.Kinds[0].Count = "9,007,199,254,740,991"
		all["article-"+name] = p
		f := front(t, language)
		f.Lead, f.Seconds, f.Newest = &p.Headline, []theme.Headline{p.Headline}, []theme.Headline{p.Headline}
		all["front-"+name] = f
	}

	one := front(t, language)
	one.Seconds, one.Newest, one.MainNews = nil, nil, nil
	all["front-one"] = one
	imported := front(t, language)
	imported.Seconds, imported.Newest, imported.MainSaved = nil, nil, true
	imported.Boards = []theme.Board{stated(w, crypto(w, true)), stated(w, empty)}
	imported.Strip = &strip
	all["front-imported"] = imported
	none := theme.FrontPage{Frame: frame(language)}
	none.Strip, none.AtHome = nil, true
	all["front-none"] = none
	closed := front(t, language)
	closed.Boards = []theme.Board{{Name: "crypto", Title: w.Crypto, Empty: w.NoQuotes, Basis: "none", BasisText: w.Basis.None}}
	all["front-waiting"] = closed

	still := history(language)
	still.Versions = still.Versions[3:]
	still.Summary = w.History.Never
	all["history-one"] = still

	for _, mine := range []string{"", "more"} {
		p := theme.ReactionPage{Frame: frame(language), ArticleURL: "/articles/4711002983", Headline: "‘공장 짓기’ 멈춘 반도체", Reactions: reactions(w, mine), Chosen: mine != ""}
		p.Private, p.Canonical, p.Live, p.Strip = true, "", "", nil
		p.Frame.Heading = w.ReactionNone
		if mine != "" {
			p.Frame.Heading = theme.Fill(w.ReactionMine, "name", w.React[3])
		}
		all["reaction"+mine] = p
	}
	prefs := theme.PrefsPage{Frame: frame(language), Next: "/prefs"}
	prefs.Private, prefs.Canonical, prefs.Live, prefs.Strip, prefs.Prefs = true, "", "", nil, theme.Prefs{Size: "l", Theme: "dark"}
	all["prefs"] = prefs
	for problem, words := range w.Errors {
		p := theme.ErrorPage{Frame: frame(language), Status: 404, Do: words.Do, Newest: front(t, language).Newest[:5]}
		p.Private, p.Canonical, p.Live, p.Strip, p.Frame.Heading = true, "", "", nil, words.Title
		if problem == theme.Broken {
			p.Status, p.ID, p.Newest = 500, theme.Fill(w.ErrorID, "id", "7f3a9c21"), nil
		}
		all["error-"+string(problem)] = p
	}
	return all
}
