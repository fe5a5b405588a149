// Package ingest takes in what other systems hold: saved pages, first as text.
//
// A text page is what a text browser sees of an article: no mark-up, only lines. [ParsePage] therefore reads it as
// a person does. It first finds what says by itself what it is (headings of lists, dates, the words of buttons),
// then the headline, above the date or the first paragraph, then the text between the headline and the last
// paragraph. What it cannot place it names: nothing is left out in silence.
package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"sokbo/internal/body"
	"sokbo/internal/fault"
)

// Page is an article as a page printed it, with the lists that stood beside it.
type Page struct {
	Address  string // canonical, if the page tells one
	Language string // ko, ja or en, by its letters

	Label    string // before the headline: 속보, 단독
	Headline string
	Deck     string
	Series   string // after the headline: 이슈크래커
	Byline   string
	// Published and Modified are 입력 and 수정, zero where the page tells none.
	Published, Modified time.Time
	Body                body.Doc

	MainNews []News
	Rising   Rising
	Crypto   Crypto
}

// News is one line of 주요 뉴스.
type News struct{ Text, Series string }

func (n News) whole() string {
	if n.Series == "" {
		return n.Text
	}
	return n.Text + " [" + n.Series + "]"
}

// Rising is the box 오늘의 상승종목. Present says that the page has one; it may be empty.
type Rising struct {
	Present bool
	Date    string // as printed: 07.16
	State   string // as printed: 장종료
	Note    string // both, as printed
	Rows    []Row
}

// Crypto is the board of coins.
type Crypto struct {
	Present  bool
	Columns  []string // as printed
	Rows     []Row
	Footnote string // as printed, without the asterisk
}

// Row is a row of a board with its figures as printed; what the page does not have is empty.
type Row struct{ Name, Price, Change, Rate string }

// Identity returns what tells this page from others: its canonical address, else a hash of headline and 입력.
func (p Page) Identity() string {
	if p.Address != "" {
		return p.Address
	}
	at := ""
	if !p.Published.IsZero() {
		at = p.Published.UTC().Format(time.RFC3339)
	}
	sum := sha256.Sum256([]byte(p.Headline + "\n" + at))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// ParsePage reads a saved text page. Its times are in zone where they name none themselves. The same bytes always
// give the same page. A file that holds no article, is not text, or is HTML is a fault.
func ParsePage(file []byte, zone *time.Location) (Page, Report, error) {
	s, err := decode(file)
	if err != nil {
		return Page{}, Report{}, err
	}
	lines, err := cut(body.NFC(s))
	if err != nil {
		return Page{}, Report{}, err
	}
	p := parser{lines: lines, zone: zone}
	p.lists()
	p.furniture()
	if err := p.article(); err != nil {
		return Page{}, Report{}, err
	}
	p.page.Language = p.language()
	return p.page, p.report(), nil
}

type parser struct {
	lines []line
	zone  *time.Location
	page  Page
	date  int // index of the line with 입력, or -1
	copy  int // index of the line with the copyright, or len(lines)
}

// take says that line i came into the page as what.
func (p *parser) take(i int, what string) { p.lines[i].use, p.lines[i].left = what, false }

// leave says that line i is known and does not come in.
func (p *parser) leave(i int, what string) { p.lines[i].use, p.lines[i].left = what, true }

// next returns the first line from i on that has text, or len.
func (p *parser) next(i int) int {
	for i < len(p.lines) && p.lines[i].blank() {
		i++
	}
	return i
}

var errNoArticle = fault.New(fault.Invalid, "page-article", "no article was found in the page: it needs a headline and either 입력 with a time or a paragraph; look whether the right file was saved")
