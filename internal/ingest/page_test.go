package ingest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sokbo/internal/body"
	"sokbo/internal/ingest"
)

var update = flag.Bool("update", false, "write the golden files")

// seoul stands for the site's zone; Korea has had no other offset since these pages.
var seoul = time.FixedZone("KST", 9*60*60)

// told is a page as golden files hold it.
type told struct {
	Identity, Address, Language           string
	Label, Headline, Deck, Series, Byline string
	Published, Modified                   string
	Body                                  []string
	MainNews                              []ingest.News `json:",omitempty"`
	Rising                                ingest.Rising
	Crypto                                ingest.Crypto
}

func tell(p ingest.Page) told {
	t := told{
		Identity: p.Identity(), Address: p.Address, Language: p.Language,
		Label: p.Label, Headline: p.Headline, Deck: p.Deck, Series: p.Series, Byline: p.Byline,
		Published: clock(p.Published), Modified: clock(p.Modified),
		MainNews: p.MainNews, Rising: p.Rising, Crypto: p.Crypto,
	}
	for _, b := range p.Body.Blocks() {
		t.Body = append(t.Body, b.Kind+": "+strings.ReplaceAll(b.Text, "\n", " ⏎ "))
	}
	return t
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(seoul).Format("2006-01-02 15:04:05")
}

func (t told) String() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(t); err != nil {
		return err.Error()
	}
	return b.String()
}

// pages are the variants in testdata and the page that the README imports.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) < 12 {
		t.Fatalf("%d pages in testdata (%v)", len(names), err)
	}
	all := map[string]string{}
	for _, name := range append(names, "../../testdata/page.txt") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(b)
	}
	return all
}

func parse(t *testing.T, file []byte) (ingest.Page, ingest.Report) {
	t.Helper()
	p, r, err := ingest.ParsePage(file, seoul)
	if err != nil {
		t.Fatalf("ParsePage: %v", err)
	}
	return p, r
}

func TestPages(t *testing.T) {
	for name, text := range pages(t) {
		golden := filepath.Join("testdata", strings.TrimSuffix(filepath.Base(name), ".txt")+".golden")
		p, r := parse(t, []byte(text))
		got := fmt.Sprintf("%s\n%s", tell(p), r)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (- want, + got; -update writes it):\n%s", name, d)
		}
	}
}

// TestEveryLineIsSpokenFor holds the report to its promise: each line with text is in it exactly once.
func TestEveryLineIsSpokenFor(t *testing.T) {
	for name, text := range pages(t) {
		_, r := parse(t, []byte(text))
		lines := map[int]int{}
		for _, parts := range [][]ingest.Part{r.Taken, r.Left} {
			for _, part := range parts {
				for _, n := range part.Lines {
					lines[n]++
				}
			}
		}
		wrapped := name == "testdata/lynx.txt" // there a line may be the end of the one above
		for i, l := range strings.Split(text, "\n") {
			switch n := lines[i+1]; {
			case strings.TrimSpace(l) == "" && n > 0, n > 1, strings.TrimSpace(l) != "" && n == 0 && !wrapped:
				t.Errorf("%s: line %d (%q) is told %d times", name, i+1, l, n)
			}
		}
	}
}

func TestTheSamePageGivesTheSameBytes(t *testing.T) {
	for name, text := range pages(t) {
		a, _ := parse(t, []byte(text))
		b, _ := parse(t, []byte(text))
		if !bytes.Equal(a.Body.Bytes(), b.Body.Bytes()) || a.Identity() != b.Identity() {
			t.Errorf("%s: two readings differ", name)
		}
		if _, err := body.Parse(a.Body.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBrowsersAgree sets the page that we ship as other text browsers would, and expects the same article.
func TestBrowsersAgree(t *testing.T) {
	file, err := os.ReadFile("../../testdata/page.txt")
	if err != nil {
		t.Fatal(err)
	}
	text := string(file)
	p, _ := parse(t, file)
	want := tell(p)
	if len(want.Body) != 8 || len(want.MainNews) != 8 || len(want.Crypto.Rows) != 12 || want.Rising.Note != "03.18 장종료" {
		t.Fatalf("the page itself is not read whole:\n%s", want)
	}

	lines := strings.Split(text, "\n")
	each := func(f func(string) string) string {
		out := make([]string, len(lines))
		for i, l := range lines {
			out[i] = f(l)
		}
		return strings.Join(out, "\n")
	}
	bullets := func(outer, inner string) string {
		return each(func(l string) string {
			if rest, ok := strings.CutPrefix(l, "    • "); ok {
				return "        " + inner + " " + rest
			}
			if rest, ok := strings.CutPrefix(l, "  • "); ok {
				return "    " + outer + " " + rest
			}
			return l
		})
	}
	noBullets := each(func(l string) string { return strings.TrimPrefix(strings.TrimSpace(l), "• ") })
	// block returns the lines from the one that begins with from to before the one that begins with to.
	block := func(from, to string) string {
		i := strings.Index(text, from)
		j := len(text)
		if to != "" {
			j = strings.Index(text, to)
		}
		return text[i:j]
	}
	head, react := block("오세린", "  • 좋아요0"), block("  • 좋아요0", "주요 뉴스")
	news, coins := block("주요 뉴스", "실시간 암호화폐"), block("실시간 암호화폐", "")
	const dates = "입력 2025-03-18 09:12 수정 2025-03-18 14:40"
	dated := func(s string) string { return strings.Replace(text, dates, s, 1) }
	if dated("") == text {
		t.Fatal("the page has other dates")
	}

	for name, s := range map[string]string{
		"bullets of lynx":              bullets("*", "+"),
		"bullets of lynx, deeper":      bullets("o", "#"),
		"bullets of hyphens":           bullets("-", "-"),
		"bullets of middle dots":       bullets("·", "·"),
		"bullets of w3m":               bullets("•", "□"),
		"bullets of rings":             bullets("○", "●"),
		"no bullets":                   noBullets,
		"no indents":                   each(strings.TrimSpace),
		"deep indents":                 each(func(l string) string { return "      " + l }),
		"tabs for indents":             strings.ReplaceAll(strings.ReplaceAll(text, "    •", "\t\t•"), "  •", "\t•"),
		"CRLF":                         strings.ReplaceAll(text, "\n", "\r\n"),
		"CR":                           strings.ReplaceAll(text, "\n", "\r"),
		"byte order mark":              "\ufeff" + text,
		"no-break spaces":              strings.ReplaceAll(text, " ", "\u00a0"),
		"wide spaces":                  strings.ReplaceAll(text, " ", "\u3000"),
		"spaces that nobody sees":      strings.ReplaceAll(text, "의", "의\u200b"),
		"decomposed syllables":         strings.ReplaceAll(text, "다온", "\u1103\u1161온"),
		"spaces at the ends of lines":  each(func(l string) string { return l + "  \t" }),
		"no blank lines in lists":      strings.ReplaceAll(text, "\n\n  •", "\n  •"),
		"blank lines between bullets":  strings.ReplaceAll(strings.ReplaceAll(text, "\n  •", "\n\n  •"), "\n    •", "\n\n    •"),
		"blank lines everywhere":       strings.ReplaceAll(text, "\n", "\n\n"),
		"no line break at the end":     strings.TrimSuffix(text, "\n"),
		"sizes in a row":               strings.NewReplacer("  • 가장작게\n\n", "", "  • 작게\n\n", "", "  • 기본\n\n", "", "  • 크게\n\n", "", "  • 가장크게", "가장작게 작게 기본 크게 가장크게").Replace(text),
		"boards before the article":    news + coins + head + react,
		"boards in another order":      head + react + coins + "\n" + news,
		"reactions at the end":         head + news + coins + "\n" + react,
		"reactions before the text":    strings.Replace(text, dates, dates+"\n"+react, 1),
		"boards twice":                 text + "\n" + news + coins,
		"menus before":                 "• 홈\n• 정치\n• 경제\n\n로그인 회원가입 | 구독신청\n\n홈 > 산업 > 에너지\n\n" + text,
		"copyright and mail after":     text + "\n\n저작권자 ⓒ 나루경제, 무단전재 및 재배포 금지\n\ndesk@naru.example\n",
		"caption once":                 strings.Replace(text, lines[14]+"\n", "", 1),
		"alternative text without ▲":   strings.Replace(text, lines[13], strings.TrimSuffix(strings.TrimPrefix(lines[13], "▲"), " 부산/한들통신"), 1),
		"caption after the first lead": strings.Replace(strings.Replace(text, lines[13]+"\n"+lines[14]+"\n\n", "", 1), dates, lines[13]+"\n\n"+dates, 1),
		"dates with points":            dated("입력 2025.03.18 09:12 수정 2025.03.18 14:40"),
		"dates with seconds":           dated("입력 : 2025-03-18 09:12:00 | 수정 : 2025-03-18 14:40:00"),
		"dates in words":               dated("기사입력 2025년 3월 18일 오전 9:12\n최종수정 2025년 3월 18일 오후 2시 40분"),
		"dates the other way":          dated("수정 2025-03-18 14:40 입력 2025-03-18 09:12"),
		"dates before their words":     dated("2025-03-18 09:12 입력 2025-03-18 14:40 수정"),
		"dates under their words":      dated("입력\n2025-03-18 09:12\n수정\n2025-03-18 14:40"),
		"dates without words":          dated("2025-03-18 09:12 2025-03-18 14:40"),
		"dates with weekdays":          dated("입력 2025.03.18.(화) 09:12 | 수정 2025.03.18.(화) 14:40"),
		"dates with zone":              dated("입력 2025-03-18T09:12:00+09:00 수정 2025-03-18T05:40:00Z"),
		"dates above the headline":     dates + "\n\n" + dated(""),
		"dates at the end":             dated("") + "\n" + dates,
		"session with brackets":        strings.Replace(text, "  • 03.18 장종료", "  • (03.18 장종료)", 1),
		"board as table":               strings.NewReplacer("\n    • 1", "\t1", "\n    • 2", "\t2", "\n    • 3", "\t3", "\n    • 4", "\t4", "\n    • 7", "\t7", "\n    • +", "\t+", "\n    • -", "\t-", "\n    • 0", "\t0").Replace(text),
		"note with another mark":       strings.Replace(text, "* 24시간", "※ 24시간", 1),
	} {
		p, _, err := ingest.ParsePage([]byte(s), seoul)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := tell(p)
		if name == "session with brackets" {
			got.Rising.Note = strings.Trim(got.Rising.Note, "()")
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (- want, + got):\n%s", name, d)
		}
	}
}
