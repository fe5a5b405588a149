package ingest

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The lists that stand beside or under an article, by the words over them.
var listHeads = []struct {
	use   string
	words *regexp.Regexp // of a squeezed line without marks around it
}{
	{asMainNews, regexp.MustCompile(`^(?:오늘의)?(?:주요|헤드라인)(?:뉴스|기사)(?:더보기|전체보기)?$`)},
	{asRising, regexp.MustCompile(`^(?:오늘의?|금일)?(?:의)?(?:상승|급등|급상승)(?:종목|주)(?:더보기|top\d*)?$`)},
	{asCrypto, regexp.MustCompile(`^(?:실시간)?(?:암호화폐|가상화폐|가상자산|코인|비트코인)(?:실시간)?(?:시세|가격|시세표)(?:더보기)?$`)},
	{asReferences, regexp.MustCompile(`^(?:references|visiblelinks:?|hiddenlinks:?|참조)$`)},
	{asRelated, regexp.MustCompile(`^(?:(?:이기사와)?(?:함께|같이)(?:보면좋은|본|보는|읽은|읽으면좋은)(?:기사|뉴스)|관련(?:기사|뉴스|링크|글|콘텐츠)|연관(?:기사|뉴스)|` +
		`많이본(?:뉴스|기사)|가장많이본(?:뉴스|기사)|(?:인기|최신|추천|실시간|핫|랭킹|포토|속보|연재|영상|이시각|지금뜨는|오늘의핫|최근)(?:뉴스|기사|이슈)|` +
		`핫이슈|오늘의핫이슈|이시각(?:주요|헤드라인)(?:뉴스|기사)|기자의(?:다른|최신)기사|.{2,8}기자의(?:다른|최신|주요)?(?:기사|뉴스)(?:더?보기)?|댓글.{0,6}|이슈|관련태그|태그|추천영상|베스트(?:댓글|뉴스)|에디터추천|당신을위한추천(?:뉴스|기사)|뉴스레터)$`)},
}

var referencesHead = regexp.MustCompile(`(?m)^\s*(?:References|Visible links:?)\s*$`)

// maxHead is how many characters a heading of a list may have, and maxNote the note behind it.
const (
	maxHead = 24
	maxNote = 40
)

// listHead says which list line i is the heading of, "" for none.
func (p *parser) listHead(i int) string {
	use, _ := p.listHeadNote(i)
	return use
}

// listHeadNote returns also what stands behind the heading: "오늘의 상승종목 (07.16 장종료)".
func (p *parser) listHeadNote(i int) (use, note string) {
	l := &p.lines[i]
	if !l.free() || utf8.RuneCountInString(l.text) > maxHead+maxNote {
		return "", ""
	}
	if use := listOf(l.text); use != "" {
		return use, ""
	}
	for k, r := range l.text {
		if r != ' ' && r != '(' && r != '[' && r != '|' {
			continue
		}
		note := strings.Trim(l.text[k:], "()[]| ")
		if sessionLine.MatchString(note) || footnote.MatchString(note) {
			if use := listOf(l.text[:k]); use != "" {
				return use, note
			}
		}
	}
	return "", ""
}

func listOf(words string) string {
	if utf8.RuneCountInString(words) > maxHead {
		return ""
	}
	w := squeeze(bare(words))
	for _, h := range listHeads {
		if h.words.MatchString(w) {
			return h.use
		}
	}
	return ""
}

// lists takes the lists of the page wherever they stand, and leaves the ones that Sokbo does not keep.
func (p *parser) lists() {
	for i := range p.lines {
		use, note := p.listHeadNote(i)
		if use == "" {
			continue
		}
		at := p.listed(i)
		switch use {
		case asMainNews:
			p.mainNews(i, at)
		case asRising:
			p.rising(i, at, note)
		case asCrypto:
			p.crypto(i, at, note)
		default:
			if use == asRelated && len(at) == 0 && p.lines[i].bullet != "" {
				continue // a word of a menu
			}
			p.leave(i, use)
			for _, j := range at {
				p.leave(j, use)
			}
		}
	}
}

// listed returns the lines that may belong to the list under heading i: its bullets, or the lines that follow
// where there are none, up to the next heading, a date, or a paragraph.
func (p *parser) listed(i int) []int {
	first := p.next(i + 1)
	if first == len(p.lines) {
		return nil
	}
	var at []int
	bullets := p.lines[first].bullet != ""
	gaps := first > i+1 // whether the lines of a list without bullets are parted by blank ones
	if !bullets && first+1 < len(p.lines) {
		gaps = p.lines[first+1].blank()
	}
	for j := first; j < len(p.lines); j++ {
		l := &p.lines[j]
		if l.long() {
			return at
		}
		switch {
		case l.blank():
			if !bullets && !gaps && len(at) > 0 && !p.boardGoesOn(j) {
				return at
			}
			continue
		case !l.free(), p.listHead(j) != "", copyright.MatchString(l.text), reaction.MatchString(l.text), isSize(l.text):
			return at
		case footnote.MatchString(l.text):
			return append(at, j)
		case bullets && l.bullet == "" && !isNumber(l.text) && !p.continues(j):
			return at
		case !bullets && (prose(l.text) || dateWord.MatchString(firstWord(l.text)) || strings.HasPrefix(l.text, "▲") && !isNumber(l.text)):
			return at
		}
		at = append(at, j)
	}
	return at
}

// continues says whether line j goes on with the bullet right above it, further in.
func (p *parser) continues(j int) bool {
	for k := j - 1; k >= 0 && !p.lines[k].blank(); k-- {
		if p.lines[k].bullet != "" {
			return p.lines[j].indent > p.lines[k].indent
		}
	}
	return false
}

// boardGoesOn says whether after the blank line j a board goes on: what follows are its figures or its note.
func (p *parser) boardGoesOn(j int) bool {
	k := p.next(j)
	if k == len(p.lines) || !p.lines[k].free() {
		return false
	}
	c := cells(p.lines[k].text)
	return footnote.MatchString(p.lines[k].text) || sessionLine.MatchString(p.lines[k].text) || slices.ContainsFunc(c, isValue) && !prose(p.lines[k].text)
}

// mainNews takes the headlines of 주요 뉴스. A second list of the same news is left.
func (p *parser) mainNews(head int, at []int) {
	use := asMainNews
	if len(p.page.MainNews) > 0 {
		use = asRepeated
	}
	var news []News
	for _, j := range at {
		t := tidy(p.lines[j].text)
		if isNumber(t) || isMenuLine(t) || imprint.MatchString(t) || !strings.ContainsFunc(t, isLetter) || len(news) == maxNews {
			p.leave(j, asMenu)
			continue
		}
		if l := &p.lines[j]; l.bullet == "" && len(news) > 0 && p.lines[j-1].use == asMainNews && p.continues(j) {
			last := &news[len(news)-1] // a headline that the text browser broke
			*last = newsOf(last.whole() + " " + t)
			p.take(j, use)
			continue
		}
		n := newsOf(t)
		if use == asRepeated || slices.Contains(news, n) {
			p.leave(j, asRepeated)
			continue
		}
		news = append(news, n)
		p.take(j, use)
	}
	if use == asRepeated {
		p.leave(head, use)
		return
	}
	p.unnumber(news)
	p.page.MainNews = news
	p.take(head, use)
}

// maxNews is how many headlines of 주요 뉴스 are read.
const maxNews = 40

func newsOf(s string) News {
	if m := seriesBehind.FindStringSubmatch(s); m != nil {
		return News{m[1], m[2]}
	}
	return News{Text: s}
}

// unnumber takes away plain numbers before headlines if they count from 1 on.
func (p *parser) unnumber(news []News) {
	rest := make([]string, len(news))
	for i, n := range news {
		m := numberBefore.FindStringSubmatch(n.Text)
		if m == nil || strings.TrimLeft(m[1], "0") != itoa(i+1) {
			return
		}
		rest[i] = m[2]
	}
	for i := range news {
		news[i].Text = rest[i]
	}
}

var (
	seriesBehind = regexp.MustCompile(`^(.*\S)\s*\[([^\[\]]{1,30})\]$`)
	numberBefore = regexp.MustCompile(`^(\d{1,2})[.)위]?\s+(\S.*)$`)

	sessionWord = `(?:장\s?종료|장\s?마감|장\s?중|장\s?전|장\s?시작\s?전|개장\s?전|장\s?개시|동시\s?호가|시간\s?외|애프터\s?마켓|프리\s?마켓|휴장일?|거래\s?정지|마감|종료|실시간)`
	sessionDay  = `(?:(?:(?:19|20)\d\d\s?[-./년]\s?)?\d{1,2}\s?[-./월]\s?\d{1,2}\s?[일.]?(?:\s?\([월화수목금토일]\))?)`
	sessionLine = regexp.MustCompile(`^[(\[<]?\s*(?:(` + sessionDay + `)(?:\s*\d{1,2}:\d{2})?[\s,·|]*(` + sessionWord + `)?|(` + sessionWord + `)[\s,·|]*(` + sessionDay + `)?(?:\s*\d{1,2}:\d{2})?)(?:\s?기준)?\s*[)\]>]?$`)
	footnote    = regexp.MustCompile(`^(?:[*※＊+]\s*\S.{0,50}(?:변동률|변동율|등락률|등락율|시세|전일\s?대비|가격).{0,30}(?:기준|입니다|있습니다|제공)|[*※＊+]?\s*.{0,30}(?:변동률|변동율|등락률|등락율|대비|시세|24시간|24h)\s?기준)[.)]?$`)
)

// rising takes the box of rising stocks: when the session was, and rows as far as there are any. What comes after
// them in the same list is news again, since the box may stand inside 주요 뉴스.
func (p *parser) rising(head int, at []int, note string) {
	if p.page.Rising.Present {
		p.leave(head, asRepeated)
		for _, j := range at {
			p.leave(j, asRepeated)
		}
		return
	}
	r := Rising{Present: true}
	p.take(head, asRising)
	if m := sessionLine.FindStringSubmatch(note); m != nil {
		r.session(note, m)
	}
	rest := make([]int, 0, len(at))
	for _, j := range at {
		t := p.lines[j].text
		m := sessionLine.FindStringSubmatch(t)
		if m == nil || r.Note != "" || isNumber(t) && m[2]+m[3] == "" && len(rest) > 0 {
			rest = append(rest, j)
			continue
		}
		r.session(t, m)
		p.take(j, asRising)
	}
	b := p.board(rest)
	r.Rows = b.rows
	for _, j := range b.used {
		p.take(j, asRising)
	}
	p.page.Rising = r
	if p.lines[head].bullet == "" || len(p.page.MainNews) == 0 {
		return
	}
	for _, j := range rest {
		if l := &p.lines[j]; l.free() && l.bullet != "" && utf8.RuneCountInString(l.text) >= 8 {
			if n := newsOf(tidy(l.text)); !slices.Contains(p.page.MainNews, n) && len(p.page.MainNews) < maxNews {
				p.page.MainNews = append(p.page.MainNews, n)
				p.take(j, asMainNews)
			}
		}
	}
}

// session keeps the words of the session, given what [sessionLine] found in them.
func (r *Rising) session(s string, m []string) {
	r.Note, r.Date, r.State = tidy(strings.Trim(s, "()[]<> ")), tidy(m[1]+m[4]), tidy(m[2]+m[3])
}

// crypto takes the board of coins with the heads of its columns and its note.
func (p *parser) crypto(head int, at []int, note string) {
	c := Crypto{Footnote: note}
	rest := make([]int, 0, len(at))
	notes := map[int]bool{}
	for _, j := range at {
		if footnote.MatchString(p.lines[j].text) && !isNumber(p.lines[j].text) && len(cells(p.lines[j].text)) == 1 {
			notes[j] = true
			if c.Footnote == "" {
				c.Footnote = tidy(strings.TrimLeft(p.lines[j].text, "*※＊+ "))
			}
			continue
		}
		rest = append(rest, j)
	}
	b := p.board(rest)
	if p.page.Crypto.Present && (len(p.page.Crypto.Rows) > 0 || len(b.rows) == 0) {
		p.leave(head, asRepeated)
		for _, j := range at {
			p.leave(j, asRepeated)
		}
		return
	}
	c.Present, c.Columns, c.Rows = true, b.printed, b.rows
	p.page.Crypto = c
	p.take(head, asCrypto)
	for _, j := range b.used {
		p.take(j, asCrypto)
	}
	for j := range notes {
		p.take(j, asCrypto)
	}
}
