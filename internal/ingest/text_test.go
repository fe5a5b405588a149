package ingest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"

	"sokbo/internal/fault"
	"sokbo/internal/ingest"
)

func inUTF16(s string, order binary.AppendByteOrder) []byte {
	b := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func encoded(t *testing.T, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEncodings(t *testing.T) {
	file, err := os.ReadFile("../../testdata/page.txt")
	if err != nil {
		t.Fatal(err)
	}
	p, _ := parse(t, file)
	want := tell(p)
	text := string(file)
	for name, b := range map[string][]byte{
		"UTF-8 with mark":      append([]byte("\xef\xbb\xbf"), file...),
		"UTF-16 little-endian": inUTF16(text, binary.LittleEndian),
		"UTF-16 big-endian":    inUTF16(text, binary.BigEndian),
		"CP949":                encoded(t, korean.EUCKR, strings.ReplaceAll(text, "•", "*")), // CP949 has no •
	} {
		p, _, err := ingest.ParsePage(b, seoul)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, tell(p)); d != "" {
			t.Errorf("%s (- want, + got):\n%s", name, d)
		}
	}
	// Syllables that EUC-KR has only through CP949.
	p, _ = parse(t, encoded(t, korean.EUCKR, "똠방각하 뷁한 하루…햏자의 귀환\n입력 2025-01-02 03:04\n"))
	if want := "똠방각하 뷁한 하루…햏자의 귀환"; p.Headline != want {
		t.Errorf("headline %q; want %q", p.Headline, want)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	const article = "나루항 크레인 사고…부두 두 곳 작업 멈춰\n입력 2025-08-14 05:51\n"
	japaneseText := "東京の株式市場は反発した。半導体関連の銘柄に買いが入った。\n"
	for _, c := range []struct {
		name string
		file []byte
		code string
		says string
	}{
		{"nothing", nil, "page-empty", ""},
		{"blank lines", []byte("\n \u00a0\n"), "page-empty", ""},
		{"HTML", []byte("<!doctype html>\n<html lang=ko><title>" + article), "page-html", "save it as text"},
		{"HTML without head", []byte("\n\n<div class=x>" + article), "page-html", ""},
		{"HTML in UTF-16", inUTF16("<html><body>"+article, binary.LittleEndian), "page-html", ""},
		{"damaged UTF-8", []byte(article + "한글\xed\x95\n끝"), "page-encoding", "line 3"},
		{"UTF-8 cut off", []byte(article[:len("나루항")-1]), "page-encoding", "line 1"},
		{"UTF-16 without mark", inUTF16(article, binary.LittleEndian)[2:], "page-encoding", "UTF-16"},
		{"UTF-16 cut off", inUTF16(article, binary.LittleEndian)[:51], "page-encoding", "UTF-16"},
		{"UTF-16 with half a pair", append(inUTF16(article, binary.LittleEndian), 0x3d, 0xd8), "page-encoding", "UTF-16"},
		{"Shift JIS", encoded(t, japanese.ShiftJIS, japaneseText), "page-encoding", "save it as UTF-8"},
		{"EUC-JP", encoded(t, japanese.EUCJP, japaneseText), "page-encoding", ""},
		{"Latin 1", encoded(t, charmap.ISO8859_1, "Les marchés ont progressé à Paris après l'été\n"), "page-encoding", ""},
		{"a picture", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "page-encoding", ""},
		{"escape sequence", []byte(article + "\n\x1b[1m굵게\n"), "page-control", "line 4 holds the control character U+001B"},
		{"form feed", []byte(article + "\f"), "page-control", "line 3"},
		{"C1 control", []byte(article + "\u0085"), "page-control", "line 3"},
		{"not a character", []byte(article + "\ufffe"), "page-control", "line 3"},
		{"too big", bytes.Repeat([]byte("가나다 "), ingest.MaxPage/10+1), "page-size", ""},
		{"too many lines", bytes.Repeat([]byte("가\n"), ingest.MaxLines), "page-lines", ""},
		{"no article", []byte("할 일\n\n우유 사기\n"), "page-article", "headline"},
		{"a headline alone", []byte("나루항 크레인 사고…부두 두 곳 작업 멈춰\n"), "page-article", ""},
		{"a date alone", []byte("입력 2025-08-14 05:51\n"), "page-article", ""},
	} {
		_, _, err := ingest.ParsePage(c.file, seoul)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v (code %q); want code %q", c.name, err, fault.CodeOf(err), c.code)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the fault says %q; want it to say %q", c.name, err, c.says)
		}
	}
	most := []byte(article + strings.Repeat("\n", ingest.MaxLines-3))
	if _, _, err := ingest.ParsePage(most, seoul); err != nil {
		t.Errorf("a page of %d lines: %v", ingest.MaxLines, err)
	}
}

func FuzzParsePage(f *testing.F) {
	for _, name := range []string{"lynx", "tight", "subheads", "reordered", "bars", "nested", "photos"} {
		b, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(inUTF16("나루항\n입력 2025-08-14 05:51", binary.LittleEndian))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, r, err := ingest.ParsePage(b, seoul)
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		if p.Headline == "" || p.Identity() == "" || r.String() == "" {
			t.Fatalf("a page without headline: %+v", p)
		}
		again, _, err := ingest.ParsePage(b, seoul)
		if err != nil || !bytes.Equal(again.Body.Bytes(), p.Body.Bytes()) {
			t.Fatalf("read twice: %v", err)
		}
	})
}

// maxRead is what the largest page may take on a slow machine with the race detector; without these it takes about a
// second.
const maxRead = 30 * time.Second

func TestLargestPages(t *testing.T) {
	const article = "나루항 크레인 사고…부두 두 곳 작업 멈춰\n입력 2025-08-14 05:51\n"
	const most = ingest.MaxLines - 10
	fill := func(line string) string { return strings.Repeat(line+"\n", most) }
	numbered := func(form string) string {
		var b strings.Builder
		for i := range most {
			fmt.Fprintf(&b, form+"\n", i)
		}
		return b.String()
	}
	for name, s := range map[string]string{
		"one long line":        strings.Repeat("가나다 ", ingest.MaxPage/11),
		"long lines of marks":  strings.Repeat("[(사진=", ingest.MaxPage/11),
		"a long line of dates": strings.Repeat("입력 2025-08-14 05:51 ", ingest.MaxPage/25),
		"headings of lists":    fill("주요 뉴스"),
		"main news":            "주요 뉴스\n" + numbered("• 뉴스의 제목은 %d번이다"),
		"captions":             numbered("▲부두에 선 배 %d척이 아침을 기다리고 있다. 나루/한들통신"),
		"a wrapped paragraph":  fill(strings.Repeat("가나다라 ", 16)),
		"paragraphs":           numbered("사고는 새벽 4시께 났다. 다친 사람은 %d명인 것으로 전해졌다."),
		"coins":                "실시간 암호화폐 시세\n" + numbered("• 코인%d 1,000 +1%%"),
		"cells of coins":       "실시간 암호화폐 시세\n" + fill("1,000"),
		"labels":               fill("[속보]"),
		"bylines":              fill("한별아 기자"),
		"bullets":              numbered("- 선착장의 배 %d척"),
		"blank lines":          fill(""),
	} {
		began := time.Now()
		_, _, err := ingest.ParsePage([]byte(article+s), seoul)
		if took := time.Since(began); took > maxRead {
			t.Errorf("%s: took %v; at most %v", name, took, maxRead)
		}
		if err != nil && fault.CodeOf(err) != "body-size" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
