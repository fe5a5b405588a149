package ingest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sokbo/internal/market"
)

// column is what a column of a board holds.
type column uint8

const (
	colOther column = iota
	colRank
	colName
	colPrice
	colChange
	colRate
)

// columnWords are the heads of columns, without what stands in brackets behind them.
var columnWords = map[string]column{
	"종목": colName, "종목명": colName, "코인": colName, "코인명": colName, "이름": colName, "자산": colName, "자산명": colName, "화폐": colName, "암호화폐": colName, "가상자산": colName, "기업": colName, "기업명": colName, "업체": colName,
	"현재가": colPrice, "시세": colPrice, "가격": colPrice, "현재가격": colPrice, "주가": colPrice, "종가": colPrice,
	"변동률": colRate, "변동율": colRate, "등락률": colRate, "등락율": colRate, "상승률": colRate, "전일대비율": colRate, "수익률": colRate,
	"전일대비": colChange, "전일비": colChange, "변동폭": colChange, "등락폭": colChange, "등락": colChange, "대비": colChange, "변동": colChange, "변동액": colChange, "변동금액": colChange,
	"순위": colRank, "번호": colRank, "no": colRank, "no.": colRank,
	"거래량": colOther, "거래대금": colOther, "시가총액": colOther, "시총": colOther, "고가": colOther, "저가": colOther, "시가": colOther,
}

// head says what column a cell heads.
func head(cell string) (column, bool) {
	w := squeeze(cell)
	if i := strings.IndexAny(w, "([（"); i > 0 {
		w = w[:i]
	}
	w = strings.TrimPrefix(strings.TrimPrefix(w, "24시간"), "24h")
	c, ok := columnWords[w]
	return c, ok
}

// digits are those of a figure; commas stand between thousands or not at all.
const digits = `(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,13})(?:\.\d{1,10})?`

// number matches a figure with what boards put around it: a sign or an arrow on either side, the currency, a
// percent sign.
var (
	number  = regexp.MustCompile(`^[(\[]?(?:상승|하락|보합)?\s?[+\-−–－▲▼△▽↑↓⬆⬇]?\s?[₩$¥￦]?` + digits + `\s?(?:원|KRW|달러|엔)?(?:%|％)?p?\s?[▲▼△▽↑↓⬆⬇]?(?:상승|하락|보합)?[)\]]?$`)
	figure  = regexp.MustCompile(digits)
	arrow   = regexp.MustCompile(`^(?:[▲▼△▽↑↓⬆⬇+\-−–－]|상승|하락|보합|상한가|하한가)$`)
	nothing = regexp.MustCompile(`^(?:-|–|—|N/A|n/a)$`)
	cellGap = regexp.MustCompile(`\s*[\t|│｜]\s*|\s{2,}`)
)

func isNumber(s string) bool { return number.MatchString(s) }

func isRate(s string) bool { return strings.ContainsAny(s, "%％") }

func isSigned(s string) bool { return strings.ContainsAny(s, "+-−–－▲▼△▽↑↓⬆⬇") }

// cells cuts a line of a board: at tabs, bars and wide gaps, then figures off names.
func cells(s string) []string {
	var out []string
	for _, c := range cellGap.Split(strings.TrimSpace(s), -1) {
		if c = strings.TrimSpace(c); c != "" {
			out = append(out, peel(c)...)
		}
	}
	return joinArrows(out)
}

// peel cuts the figures at either end of a cell off the name between them: "비트코인 캐시 546,500 +0.09%".
func peel(s string) []string {
	if _, ok := head(s); ok || isNumber(s) {
		return []string{s}
	}
	words := strings.Fields(s)
	heads := 0
	for _, w := range words {
		if _, ok := head(w); ok {
			heads++
		}
	}
	if heads == len(words) {
		return words
	}
	figureLike := func(w string) bool { return isNumber(w) || arrow.MatchString(w) || nothing.MatchString(w) }
	end := len(words)
	for end > 1 && figureLike(words[end-1]) {
		end--
	}
	start := 0
	for start < end-1 && figureLike(words[start]) {
		start++
	}
	out := slices.Clone(words[:start])
	out = append(out, strings.Join(words[start:end], " "))
	return append(out, words[end:]...)
}

// joinArrows puts an arrow that stands alone to its figure, the one behind it where there is one.
func joinArrows(in []string) []string {
	var out []string
	for i := 0; i < len(in); i++ {
		switch {
		case !arrow.MatchString(in[i]):
			out = append(out, in[i])
		case i+1 < len(in) && isNumber(in[i]+in[i+1]) && !isSigned(in[i+1]):
			out = append(out, in[i]+in[i+1])
			i++
		case len(out) > 0 && isNumber(out[len(out)-1]+in[i]) && !isSigned(out[len(out)-1]):
			out[len(out)-1] += in[i]
		case nothing.MatchString(in[i]):
			out = append(out, in[i])
		}
	}
	return out
}

// board reads rows out of the free lines given and returns the lines that it used. Rows may stand in a line each,
// or cell by cell in lines of their own, in any order of columns if heads tell it.
type board struct {
	columns []column
	printed []string // the heads as printed
	rows    []Row
	used    []int
}

func (p *parser) board(at []int) board {
	var b board
	type piece struct {
		line  int
		cells []string
	}
	var pieces []piece
	whole := 0 // lines that are a row by themselves
	for _, i := range at {
		cs := cells(p.lines[i].text)
		if len(pieces) == 0 && len(cs) > 0 && !slices.ContainsFunc(cs, func(c string) bool { _, ok := head(c); return !ok }) {
			for _, c := range cs {
				k, _ := head(c)
				b.columns, b.printed = append(b.columns, k), append(b.printed, tidy(c))
			}
			b.used = append(b.used, i)
			continue
		}
		names := 0
		for _, c := range cs {
			if !isValue(c) {
				names++
			}
		}
		if names == 1 && len(cs) > 1 {
			whole++
		}
		pieces = append(pieces, piece{i, cs})
	}
	if whole > 0 && 2*whole >= len(pieces) {
		for _, q := range pieces {
			if r, ok := b.row(q.cells); ok {
				b.rows, b.used = append(b.rows, r), append(b.used, q.line)
			}
		}
		return b
	}
	// One cell after the other. A row begins with its name; where the heads put the name elsewhere, they tell how
	// many cells a row has.
	var all []string
	var from []int
	for _, q := range pieces {
		for _, c := range q.cells {
			all, from = append(all, c), append(from, q.line)
		}
	}
	use := func(i, n int) {
		for _, l := range from[i : i+n] {
			if k := len(b.used); k == 0 || b.used[k-1] != l {
				b.used = append(b.used, l)
			}
		}
	}
	ranked := len(b.columns) == 0 && len(all) > 1 && rank.MatchString(all[0]) && !isValue(all[1])
	for i := 0; i < len(all); {
		n := 1
		if k := slices.Index(b.columns, colName); k > 0 && i+len(b.columns) <= len(all) && !isValue(all[i+k]) && isValue(all[i]) {
			n = len(b.columns)
		} else {
			for i+n < len(all) && isValue(all[i+n]) {
				n++
			}
			if ranked && n > 2 && i+n < len(all) && all[i+n-1] == strconv.Itoa(len(b.rows)+2) {
				n-- // the last figure is the rank of the next row
			}
		}
		if r, ok := b.row(all[i : i+n]); ok {
			b.rows = append(b.rows, r)
			use(i, n)
		} else if ranked && n == 1 && rank.MatchString(all[i]) {
			use(i, n)
		}
		i += n
	}
	return b
}

func isValue(c string) bool { return isNumber(c) || nothing.MatchString(c) }

// row makes a row of cells. The heads say which is which as far as the cells agree; a rate shows itself by its
// percent sign, a change by its sign.
func (b *board) row(cs []string) (Row, bool) {
	var r Row
	var values []string
	for _, c := range cs {
		if !isValue(c) {
			if r.Name != "" {
				return r, false
			}
			r.Name = tidy(c)
			continue
		}
		if r.Name == "" && rank.MatchString(c) && (len(b.columns) == 0 || b.columns[0] == colRank || b.columns[0] == colName) {
			continue
		}
		values = append(values, c)
	}
	r.Name = strings.TrimSpace(rankBefore.ReplaceAllString(r.Name, ""))
	if r.Name == "" || len(r.Name) > market.MaxStatedText || brokenFigure.MatchString(r.Name) || len(values) == 0 || !strings.ContainsFunc(r.Name, unicode.IsLetter) {
		return r, false
	}
	var heads []column
	for _, c := range b.columns {
		if c != colName {
			heads = append(heads, c)
		}
	}
	if len(heads) > 0 && heads[0] == colRank {
		heads = heads[1:] // ranks are not values
	}
	if len(values) == len(heads) && agree(heads, values) {
		for i, v := range values {
			r.set(heads[i], v)
		}
		return r, r.Price != "" || r.Rate != ""
	}
	for _, v := range values {
		switch {
		case isRate(v):
			r.set(colRate, v)
		case isSigned(v):
			r.set(colChange, v)
		case nothing.MatchString(v) && r.Price != "":
			r.set(colRate, v)
		case r.Price == "":
			r.set(colPrice, v)
		default:
			r.set(colChange, v)
		}
	}
	return r, r.Price != "" || r.Rate != ""
}

var (
	// A word of figures that is none, such as 546,50, must not become part of a name.
	brokenFigure = regexp.MustCompile(`(?:^|\s)[+\-−]?\d+[.,][\d.,]*%?$`)

	rank       = regexp.MustCompile(`^\d{1,2}$`)
	rankBefore = regexp.MustCompile(`^(?:\d{1,2}위|\d{1,2}[.)])\s*`)
)

// agree says whether values can stand under heads: a percent sign only under a rate.
func agree(heads []column, values []string) bool {
	for i, v := range values {
		if isRate(v) != (heads[i] == colRate) && isRate(v) {
			return false
		}
	}
	return true
}

// set keeps a figure as printed, without brackets and currency.
func (r *Row) set(c column, v string) {
	v = strings.Trim(v, "()[]")
	to := map[column]*string{colPrice: &r.Price, colChange: &r.Change, colRate: &r.Rate}[c]
	if to == nil || *to != "" || nothing.MatchString(v) {
		return
	}
	if c == colPrice {
		v = figure.FindString(v)
	}
	*to = strings.ReplaceAll(strings.TrimSpace(v), "％", "%")
}

// percentage returns the printed rate as a signed number with a percent sign, "" where none was printed. It falls
// where a minus of any sort, an arrow that points down or 하락 says so.
func (r Row) percentage() string {
	digits := figure.FindString(r.Rate)
	if digits == "" {
		return ""
	}
	if falls(r.Rate, r.Change) && strings.Trim(digits, "0.,") != "" {
		return "-" + digits + "%"
	}
	return digits + "%"
}

// falls says whether a rate is below zero. One without any sign takes that of the change beside it.
func falls(rate, change string) bool {
	for _, s := range []string{rate, change} {
		if strings.ContainsAny(s, "-−–－▼▽↓⬇") || strings.Contains(s, "하락") {
			return true
		}
		if strings.ContainsAny(s, "+▲△↑⬆") || strings.Contains(s, "상승") {
			return false
		}
	}
	return false
}
