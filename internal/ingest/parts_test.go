package ingest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sokbo/internal/ingest"
)

// around sets lines into an article that holds nothing else of interest.
func around(lines string) []byte {
	return []byte("나루항 크레인 사고…부두 두 곳 작업 멈춰\n입력 2025-08-14 05:51\n\n" + lines +
		"\n\n사고는 새벽 4시께 났다. 다친 사람은 없는 것으로 전해졌다.\n")
}

func TestCaptionsAndCredits(t *testing.T) {
	for _, c := range []struct{ line, caption, credit string }{
		{"▲부두에 배가 서 있다. 부산/한들통신", "부두에 배가 서 있다.", "부산/한들통신"},
		{"▲ 부두에 배가 서 있다. 부산/AP뉴시스", "부두에 배가 서 있다.", "부산/AP뉴시스"},
		{"▲부두에 배가 서 있다. /한들통신", "부두에 배가 서 있다.", "한들통신"},
		{"▲부두에 선 배 나루/한들통신", "부두에 선 배", "나루/한들통신"},
		{"▲부두에 배가 서 있다.", "부두에 배가 서 있다.", ""},
		{"▲부두에 선 배는 시속 40km/h로 왔다", "부두에 선 배는 시속 40km/h로 왔다", ""},
		{"▲부두는 24/7 열려 있다", "부두는 24/7 열려 있다", ""},
		{"▲부두에 배가 서 있다. 사진=연합뉴스", "부두에 배가 서 있다.", "연합뉴스"},
		{"부두에 배가 서 있다. 사진=연합뉴스", "부두에 배가 서 있다.", "연합뉴스"},
		{"부두에 배가 서 있다. 사진 = 연합뉴스", "부두에 배가 서 있다.", "연합뉴스"},
		{"부두에 배가 서 있다. (사진=나루시)", "부두에 배가 서 있다.", "나루시"},
		{"부두에 배가 서 있다. [사진제공=나루시]", "부두에 배가 서 있다.", "나루시 제공"},
		{"부두에 배가 서 있다. / 사진: 나루시", "부두에 배가 서 있다.", "나루시"},
		{"부두에 배가 서 있다 (뉴시스)", "부두에 배가 서 있다", "뉴시스"},
		{"부두에 배가 서 있다. (부산=연합뉴스)", "부두에 배가 서 있다.", "부산=연합뉴스"},
		{"부두에 배가 서 있다. 연합뉴스", "부두에 배가 서 있다.", "연합뉴스"},
		{"부두에 배가 서 있다. AFP 연합뉴스", "부두에 배가 서 있다.", "AFP 연합뉴스"},
		{"부두에 배가 서 있다. ⓒ한들통신", "부두에 배가 서 있다.", "ⓒ한들통신"},
		{"부두에 배가 서 있다. © 한들통신", "부두에 배가 서 있다.", "© 한들통신"},
		{"부두에 배가 서 있다. 나루시 제공", "부두에 배가 서 있다.", "나루시 제공"},
		{"부두에 배가 서 있다. 부산=한별아 기자", "부두에 배가 서 있다.", "부산=한별아 기자"},
		{"부두에 배가 서 있다. 한별아 기자 han@naru.example", "부두에 배가 서 있다.", "한별아 기자"},
		{"[사진] 부두에 배가 서 있다.", "부두에 배가 서 있다.", ""},
		{"부두에 배가 서 있다\n부두에 배가 서 있다", "부두에 배가 서 있다", ""},
		{"부두에 배가 서 있다\n▲부두에 배가 서 있다. 한들통신", "부두에 배가 서 있다.", "한들통신"},
		{"▲부두에 배가 서 있다.\n(사진=나루시)", "부두에 배가 서 있다.", "나루시"},
	} {
		p, r := parse(t, around(c.line))
		f := p.Body.Figures()
		if len(f) != 1 || f[0].Caption != c.caption || f[0].Credit != c.credit {
			t.Errorf("%q: %+v; want caption %q, credit %q\n%s", c.line, f, c.caption, c.credit, r)
		}
	}
}

func TestParagraphsAreNoCaptions(t *testing.T) {
	for _, line := range []string{
		"그는 연합뉴스와 통화에서 “부두를 사흘 안에 다시 열겠다”고 말했다.",
		"노선은 부산/울산/포항을 잇고, 요금은 절반으로 내려간다.",
		"회사는 사진을 공개하며 “사고 전날까지 이상이 없었다”고 밝혔다.",
		"“사진 속 크레인은 이미 멈춰 있었다.”",
	} {
		if p, _ := parse(t, around(line)); len(p.Body.Figures()) != 0 || len(p.Body.Blocks()) != 2 {
			t.Errorf("%q: blocks %+v", line, p.Body.Blocks())
		}
	}
}

func TestHeadlines(t *testing.T) {
	for _, c := range []struct{ line, label, headline, series string }{
		{"[속보] 나루항 크레인 사고", "속보", "나루항 크레인 사고", ""},
		{"[속보][단독] 나루항 크레인 사고", "속보·단독", "나루항 크레인 사고", ""},
		{"<단독> 나루항 크레인 사고", "단독", "나루항 크레인 사고", ""},
		{"【종합】나루항 크레인 사고", "종합", "나루항 크레인 사고", ""},
		{"(속보) 나루항 크레인 사고", "속보", "나루항 크레인 사고", ""},
		{"속보 | 나루항 크레인 사고", "속보", "나루항 크레인 사고", ""},
		{"[2보] 나루항 크레인 사고", "2보", "나루항 크레인 사고", ""},
		{"나루항 크레인 사고(종합2보)", "종합2보", "나루항 크레인 사고", ""},
		{"나루항 크레인 사고 [종합]", "종합", "나루항 크레인 사고", ""},
		{"나루항 크레인 사고 [나루픽]", "", "나루항 크레인 사고", "나루픽"},
		{"[단독] 나루항 크레인 사고 [mG픽]", "단독", "나루항 크레인 사고", "mG픽"},
		{"[기자수첩] 크레인은 왜 쓰러졌나", "기자수첩", "크레인은 왜 쓰러졌나", ""},
		{"‘크레인 사고’ 나루항(港), 日·美 배 돌려보내", "", "‘크레인 사고’ 나루항(港), 日·美 배 돌려보내", ""},
		{"[속보]\n나루항 크레인 사고", "속보", "나루항 크레인 사고", ""},
		{"단독\n\n나루항 크레인 사고", "단독", "나루항 크레인 사고", ""},
		{"나루항 크레인 사고\n[나루픽]", "", "나루항 크레인 사고", "나루픽"},
		{"홈 > 사회 > 사건\n나루항 크레인 사고", "", "나루항 크레인 사고", ""},
		{"코스피 3,102.44 +0.41%\n코스닥 901.20 -0.10%\n\n나루항 크레인 사고", "", "나루항 크레인 사고", ""},
		{"- 로그인\n- 회원가입\n\n나루항 크레인 사고", "", "나루항 크레인 사고", ""},
		{"나루항 크레인 사고 - 나루경제\n\n나루항 크레인 사고", "", "나루항 크레인 사고", ""},
		{"나루 경제신문\nTop News\n\n나루항 크레인 사고, 부두 두 곳 작업 멈춰", "", "나루항 크레인 사고, 부두 두 곳 작업 멈춰", ""},
		{"[나루경제]\n\n나루항 크레인 사고", "", "나루항 크레인 사고", ""},
		{"공유 댓글 글자크기조정 인쇄\n나루항 크레인 사고\nhan@naru.example", "", "나루항 크레인 사고", ""},
	} {
		p, r := parse(t, []byte(c.line+"\n\n입력 2025-08-14 05:51\n\n사고는 새벽 4시께 났다. 다친 사람은 없는 것으로 전해졌다.\n"))
		if p.Label != c.label || p.Headline != c.headline || p.Series != c.series || p.Deck != "" {
			t.Errorf("%q: label %q, headline %q, series %q, deck %q\n%s", c.line, p.Label, p.Headline, p.Series, p.Deck, r)
		}
	}
}

func TestBylines(t *testing.T) {
	for _, c := range []struct{ line, byline string }{
		{"한별아 기자", "한별아 기자"},
		{"한별아 기자 han@naru.example", "한별아 기자"},
		{"한별아 기자(han@naru.example)", "한별아 기자"},
		{"[한별아 기자 han@naru.example]", "한별아 기자"},
		{"나루경제 한별아 기자", "나루경제 한별아 기자"},
		{"도쿄=한별아 특파원", "도쿄=한별아 특파원"},
		{"한별아·도선우 기자", "한별아·도선우 기자"},
		{"한별아 기자, 도선우 기자", "한별아 기자, 도선우 기자"},
		{"한별아 논설위원", "한별아 논설위원"},
		{"온라인뉴스팀", "온라인뉴스팀"},
		{"By Jane Doe", "By Jane Doe"},
	} {
		for _, at := range []string{"나루항 크레인 사고\n%s\n입력 2025-08-14 05:51\n\n%[2]s\n", "나루항 크레인 사고\n입력 2025-08-14 05:51\n%s\n\n%[2]s\n",
			"나루항 크레인 사고\n입력 2025-08-14 05:51 | %s\n\n%[2]s\n", "나루항 크레인 사고\n입력 2025-08-14 05:51\n\n%[2]s\n\n%[1]s\n"} {
			text := strings.Replace(at, "%s", c.line, 1)
			text = strings.NewReplacer("%[1]s", c.line, "%[2]s", "사고는 새벽 4시께 났다. 다친 사람은 없는 것으로 전해졌다.").Replace(text)
			if p, r := parse(t, []byte(text)); p.Byline != c.byline || p.Headline != "나루항 크레인 사고" || len(p.Body.Blocks()) != 1 {
				t.Errorf("%q: byline %q; want %q\n%s", text, p.Byline, c.byline, r)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct{ line, published, modified string }{
		{"입력 2024-06-20 16:34", "2024-06-20 16:34:00", ""},
		{"입력2024-06-20 16:34 수정2024-06-21 00:05", "2024-06-20 16:34:00", "2024-06-21 00:05:00"},
		{"입력 : 2024.06.20 16:34 / 수정 : 2024.06.20 17:01", "2024-06-20 16:34:00", "2024-06-20 17:01:00"},
		{"기사입력 2024-06-20 16:34:05 최종수정 2024-06-20 16:34:59", "2024-06-20 16:34:05", "2024-06-20 16:34:59"},
		{"입력 2024년 6월 20일 오후 4:34", "2024-06-20 16:34:00", ""},
		{"입력 2024년 6월 20일 오전 12시 5분", "2024-06-20 00:05:00", ""},
		{"입력 2024년 6월 20일 오후 12시 05분 09초", "2024-06-20 12:05:09", ""},
		{"입력 2024. 6. 20. 16:34 수정 2024. 6. 21. 9:00", "2024-06-20 16:34:00", "2024-06-21 09:00:00"},
		{"승인 2024.06.20(목) 16:34", "2024-06-20 16:34:00", ""},
		{"등록일 2024-06-20 16:34 업데이트 2024-06-20 18:00", "2024-06-20 16:34:00", "2024-06-20 18:00:00"},
		{"[입력 2024-06-20 16:34] [조회수 1,234]", "2024-06-20 16:34:00", ""},
		{"입력 2024-06-20", "2024-06-20 00:00:00", ""},
		{"입력 2024-06-20T07:34:00Z", "2024-06-20 16:34:00", ""},
		{"수정 2024-06-20 16:34", "", "2024-06-20 16:34:00"},
		{"Published 2024-06-20 4:34 PM", "2024-06-20 16:34:00", ""},
		{"2024.06.20 16:34", "2024-06-20 16:34:00", ""},
	} {
		p, r := parse(t, []byte("나루항 크레인 사고\n"+c.line+"\n\n사고는 새벽 4시께 났다. 다친 사람은 없는 것으로 전해졌다.\n"))
		if got := clock(p.Published) + "|" + clock(p.Modified); got != c.published+"|"+c.modified {
			t.Errorf("%q: %s; want %s|%s\n%s", c.line, got, c.published, c.modified, r)
		}
	}
	for _, line := range []string{"입력 2024-13-20 16:34", "입력 2024-06-31 16:34", "입력 2024-06-20 25:00", "입력 어제"} {
		if p, _ := parse(t, []byte("나루항 크레인 사고\n"+line+"\n\n사고는 새벽 4시께 났다. 다친 사람은 없는 것으로 전해졌다.\n")); !p.Published.IsZero() {
			t.Errorf("%q: %v", line, p.Published)
		}
	}
}

func TestRows(t *testing.T) {
	two := []ingest.Row{{Name: "비트코인 캐시", Price: "546,500", Rate: "+0.09%"}, {Name: "리플", Price: "813.5", Rate: "-3.11%"}}
	for _, c := range []struct {
		lines string
		want  []ingest.Row
	}{
		{"비트코인 캐시\n546,500\n+0.09%\n리플\n813.5\n-3.11%", two},
		{"- 비트코인 캐시\n- 546,500\n- +0.09%\n- 리플\n- 813.5\n- -3.11%", two},
		{"비트코인 캐시 546,500 +0.09%\n리플 813.5 -3.11%", two},
		{"비트코인 캐시\t546,500원\t+0.09%\n리플\t813.5원\t-3.11%", two},
		{"비트코인 캐시 | 546,500 | (+0.09%)\n리플 | 813.5 | (-3.11%)", two},
		{"종목\n변동률\n현재가(원)\n비트코인 캐시\n+0.09%\n546,500\n리플\n-3.11%\n813.5", two},
		{"현재가\n종목\n변동률\n546,500\n비트코인 캐시\n+0.09%\n813.5\n리플\n-3.11%", two},
		{"종목 현재가(원) 변동률\n비트코인 캐시 546,500 +0.09%\n리플 813.5 -3.11%", two},
		{"순위 종목 현재가 변동률\n1 비트코인 캐시 546,500 +0.09%\n2 리플 813.5 -3.11%", two},
		{"1\n비트코인 캐시\n546,500\n+0.09%\n2\n리플\n813.5\n-3.11%", two},
		{"1. 비트코인 캐시 546,500 +0.09%\n2. 리플 813.5 -3.11%", two},
		{"종목\n현재가\n변동률\n비트코인 캐시\n546,500\n+0.09\n리플\n813.5\n-3.11", []ingest.Row{{Name: "비트코인 캐시", Price: "546,500", Rate: "+0.09"}, {Name: "리플", Price: "813.5", Rate: "-3.11"}}},
		{"비트코인 캐시 546,500 ▲ 0.09%\n리플 813.5 3.11% ▼", []ingest.Row{{Name: "비트코인 캐시", Price: "546,500", Rate: "▲0.09%"}, {Name: "리플", Price: "813.5", Rate: "3.11%▼"}}},
		{"비트코인 캐시 546,500 ▲1,200 0.22%\n리플 813.5 ▼26 3.11%", []ingest.Row{{Name: "비트코인 캐시", Price: "546,500", Change: "▲1,200", Rate: "0.22%"}, {Name: "리플", Price: "813.5", Change: "▼26", Rate: "3.11%"}}},
		{"비트코인 캐시 546,500 −0.09%\n1인치 813.5 0.00%", []ingest.Row{{Name: "비트코인 캐시", Price: "546,500", Rate: "−0.09%"}, {Name: "1인치", Price: "813.5", Rate: "0.00%"}}},
		{"비트코인 캐시 +0.09%\n리플 -3.11%", []ingest.Row{{Name: "비트코인 캐시", Rate: "+0.09%"}, {Name: "리플", Rate: "-3.11%"}}},
		{"비트코인 캐시 546,500 -\n리플 813.5 -3.11%", []ingest.Row{{Name: "비트코인 캐시", Price: "546,500"}, two[1]}},
		{"비트코인 캐시 546,50 +0.09%\n리플 813.5 -3.11%\n솔라나 1 +1%", []ingest.Row{two[1], {Name: "솔라나", Price: "1", Rate: "+1%"}}},
	} {
		p, r := parse(t, around("실시간 암호화폐 시세\n"+c.lines+"\n"))
		if d := cmp.Diff(c.want, p.Crypto.Rows); d != "" {
			t.Errorf("%q (- want, + got):\n%s%s", c.lines, d, r)
		}
		if len(p.Body.Blocks()) != 1 {
			t.Errorf("%q: body %+v", c.lines, p.Body.Blocks())
		}
	}
}

func TestBodies(t *testing.T) {
	const first, last = "사고는 새벽 4시께 났다. 다친 사람은 없는 것으로 전해졌다.", "부두는 사흘 뒤 다시 연다고 항만공사가 밝혔다."
	for _, c := range []struct {
		lines string
		want  []string
	}{
		{"“살았다.”", []string{"paragraph “살았다.”"}},
		{"◇ 다음은 무엇", []string{"heading 다음은 무엇"}},
		{"■ 다음은 무엇", []string{"heading 다음은 무엇"}},
		{"다음은 무엇", []string{"heading 다음은 무엇"}},
		{"- 배 두 척\n- 크레인 한 대", []string{"paragraph 배 두 척", "paragraph 크레인 한 대"}},
		{"■ 배 두 척\n■ 크레인 한 대", []string{"paragraph 배 두 척", "paragraph 크레인 한 대"}},
		{"▲배 두 척\n▲크레인 한 대\n▲트럭 세 대", []string{"paragraph 배 두 척", "paragraph 크레인 한 대", "paragraph 트럭 세 대"}},
		{"▲배 두 척 ▲크레인 한 대 ▲트럭 세 대", []string{"paragraph ▲배 두 척 ▲크레인 한 대 ▲트럭 세 대"}},
		{"▶ 다른 부두의 사정은", nil},
		{"[관련기사] 다른 부두의 사정은", nil},
		{"관련 기사\n- 다른 부두의 사정은\n- 배는 어디로", nil},
		{"공유하기", nil},
		{"나루경제를 네이버에서 구독하세요", nil},
		{"▲부두에 배가 서 있다. 도쿄/한들\n연합뉴스", []string{"figure 부두에 배가 서 있다.\n도쿄/한들 연합뉴스"}},
	} {
		p, r := parse(t, around(first+"\n\n"+c.lines+"\n\n"+last))
		want := append(append([]string{"paragraph " + first}, c.want...), "paragraph "+last)
		var got []string
		for _, b := range p.Body.Blocks() {
			got = append(got, b.Kind+" "+b.Text)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (- want, + got):\n%s%s", c.lines, d, r)
		}
	}
}

func TestMainNews(t *testing.T) {
	want := []ingest.News{{Text: "겨울 무 값 절반으로…밭 갈아엎는 농가"}, {Text: "택배 상자에 붙은 ‘탄소 점수’", Series: "숫자로 보기"}, {Text: "비트코인 시세 24시간 새 급등, 다시 보는 가격"}}
	a, b, c := want[0].Text, want[1].Text+" [숫자로 보기]", want[2].Text
	for _, lines := range []string{
		"주요 뉴스\n• " + a + "\n• " + b + "\n• " + c,
		"[주요뉴스]\n\n  * " + a + "\n\n  * " + b + "\n\n  * " + c,
		"■ 오늘의 주요 뉴스\n- " + a + "\n- " + b + "\n- " + c,
		"주요 뉴스 더보기\n1. " + a + "\n2. " + b + "\n3. " + c,
		"주요 뉴스\n1 " + a + "\n2 " + b + "\n3 " + c,
		"주요 뉴스\n" + a + "\n" + b + "\n" + c,
		"주요 뉴스\n\n" + a + "\n\n" + b + "\n\n" + c,
		"주요 뉴스\n * 1\n   " + a + "\n * 2\n   " + b + "\n * 3\n   " + c,
		"주요 뉴스\n * 겨울 무 값\n   절반으로…밭 갈아엎는 농가\n * 택배 상자에 붙은\n   ‘탄소 점수’ [숫자로 보기]\n * " + c,
		"주요 뉴스\n• " + a + "\n• " + b + "\n• " + c + "\n• 더보기\n• 개인정보처리방침",
		"주요 뉴스\n• " + a + "\n• " + b + "\n• 오늘의 상승종목\n  • 07.16 장종료\n• " + c,
	} {
		p, r := parse(t, append(around(""), "\n"+lines+"\n"...))
		if d := cmp.Diff(want, p.MainNews); d != "" {
			t.Errorf("%q (- want, + got):\n%s%s", lines, d, r)
		}
	}
}

func TestSessions(t *testing.T) {
	for _, c := range []struct{ line, date, state string }{
		{"07.16 장종료", "07.16", "장종료"},
		{"07.16(화) 장 마감", "07.16(화)", "장 마감"},
		{"07/16 장중", "07/16", "장중"},
		{"7월 16일 장전", "7월 16일", "장전"},
		{"2024.07.16 휴장", "2024.07.16", "휴장"},
		{"장종료 07.16", "07.16", "장종료"},
		{"07.16 15:30 장종료", "07.16", "장종료"},
		{"(07.16 동시호가)", "07.16", "동시호가"},
		{"07.16", "07.16", ""},
		{"장중", "", "장중"},
	} {
		for _, head := range []string{"오늘의 상승종목\n", "오늘의 상승종목 ", "• 오늘의 상승종목\n\n  • "} {
			p, r := parse(t, around(head+c.line+"\n"))
			if p.Rising.Date != c.date || p.Rising.State != c.state || !p.Rising.Present || len(p.Rising.Rows) != 0 {
				t.Errorf("%q: %+v; want %q %q\n%s", head+c.line, p.Rising, c.date, c.state, r)
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ line, address string }{
		{"원문 https://naru.example/news/1", "https://naru.example/news/1"},
		{"출처: https://Naru.example:443/news/1?utm_source=x&id=7&fbclid=y#top", "https://naru.example/news/1?id=7"},
		{"기사 주소 : http://naru.example/view.php?no=1", "http://naru.example/view.php?no=1"},
		{"<https://naru.example/news/1>", "https://naru.example/news/1"},
		{"원문 https://naru.example/", ""},
		{"원문 javascript:alert(1)", ""},
		{"원문 https://user@naru.example/news/1", ""},
		{"자세한 내용은 https://naru.example/news/1 에 있다", ""},
		{"https://other.example/a\n원문: https://naru.example/news/1", "https://naru.example/news/1"},
	} {
		p, _ := parse(t, []byte(fmt.Sprintf("%s\n\n%s", c.line, around(""))))
		if p.Address != c.address {
			t.Errorf("%q: %q; want %q", c.line, p.Address, c.address)
		}
	}
}

func TestIdentity(t *testing.T) {
	id := func(s string) string { p, _ := parse(t, []byte(s)); return p.Identity() }
	const text = "\n\n사고는 새벽 4시께 났다. 다친 사람은 없는 것으로 전해졌다.\n"
	first := id("나루항 크레인 사고\n입력 2025-08-14 05:51" + text)
	for _, same := range []string{
		"[종합] 나루항 크레인 사고\n입력 2025-08-14 05:51 수정 2025-08-14 09:00" + text + "\n부두는 사흘 뒤 다시 연다고 항만공사가 밝혔다.\n",
		"\ufeff나루항  크레인 사고\r\n기사입력 : 2025.08.14 오전 5:51" + text,
	} {
		if got := id(same); got != first {
			t.Errorf("%q has the identity %s; want %s", same, got, first)
		}
	}
	for _, other := range []string{"나루항 크레인 사고 수습\n입력 2025-08-14 05:51" + text, "나루항 크레인 사고\n입력 2025-08-14 05:52" + text} {
		if id(other) == first {
			t.Errorf("%q has the same identity", other)
		}
	}
}

// A brief has few words, and a text browser may break even these.
func TestShortTextsAreTaken(t *testing.T) {
	for text, want := range map[string]string{
		"다시 쓴 글이다.": "다시 쓴 글이다.",
		"짧다.":       "짧다.",
		"한 줄짜리 글이다. 조사 대상은\n300곳이었다.\n\n둘째 문단이다.": "한 줄짜리 글이다. 조사 대상은 300곳이었다. 둘째 문단이다.",
	} {
		p, r, err := ingest.ParsePage([]byte("수출 기업 절반, 내년 투자 줄인다\n\n입력 2024-06-20 16:34\n\n"+text+"\n\n좋아요0\n"), time.UTC)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := strings.Join(strings.Fields(p.Body.Text()), " "); got != want {
			t.Errorf("%q became %q; want %q\n%v", text, got, want, r)
		}
	}
}
