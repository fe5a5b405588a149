package ingest

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sokbo/internal/body"
)

// article takes the headline with what stands around it, then the text.
func (p *parser) article() error {
	head := p.headline()
	if head < 0 {
		return errNoArticle
	}
	first, last := p.text(head)
	if first < 0 && p.page.Published.IsZero() && p.page.Modified.IsZero() {
		return errNoArticle
	}
	for i := range head {
		if p.lines[i].free() && (first < 0 || i < first) {
			p.leave(i, asBefore)
		}
	}
	var blocks []body.Node
	if first >= 0 {
		p.deckBetween(head, first)
		blocks = p.body(first, last)
	}
	for i := p.copy; i < len(p.lines); i++ {
		if p.lines[i].free() {
			p.leave(i, asAfter)
		}
	}
	for i := range p.lines {
		if p.lines[i].free() {
			p.byline(i)
		}
	}
	var err error
	p.page.Body, err = body.FromContent(blocks...)
	return err
}

// headline finds the headline: the first of the lines that stand together above the date, or above the text where
// there is no date or the date stands under it; else the first under the date.
func (p *parser) headline() int {
	anchor := p.date
	firstProse := p.firstProse(0)
	if anchor < 0 || firstProse >= 0 && firstProse < anchor && p.firstProse(anchor) < 0 {
		anchor = firstProse
	}
	if anchor < 0 {
		return -1
	}
	run := p.runAbove(anchor)
	if len(run) == 0 {
		end := p.firstProse(anchor)
		if end < 0 {
			end = len(p.lines)
		}
		for i := anchor + 1; i < end; i++ {
			if p.lines[i].plain() && headlike(p.lines[i].text) {
				run = append(run, i)
			}
		}
	}
	if len(run) == 0 {
		return -1
	}
	pick := p.pick(run)
	p.head(run[pick])
	for _, i := range run[:pick] {
		p.leave(i, asBefore)
	}
	for _, i := range run[pick+1:] {
		p.deck(i)
	}
	p.around(run[pick])
	return run[pick]
}

// firstProse returns the first line from i on that is a paragraph or a caption, or -1.
func (p *parser) firstProse(i int) int {
	for ; i < p.copy; i++ {
		if l := &p.lines[i]; l.plain() && (prose(l.text) || isCaptionLine(l.text)) {
			return i
		}
	}
	return -1
}

// maxDecks is how many lines a standfirst may have.
const maxDecks = 4

// runAbove collects the lines above anchor that can be headline and deck, up to what parts them from the rest.
func (p *parser) runAbove(anchor int) []int {
	var run []int
	for i := anchor - 1; i >= 0 && len(run) <= maxDecks; i-- {
		l := &p.lines[i]
		switch {
		case l.blank(), l.free() && !l.long() && (isCaptionLine(l.text) || credited(l.text, false).credit != ""):
			continue
		case !l.free():
			if l.left && l.use == asMenu && len(run) > 0 && (isPlaces(l.text) || crumbs.MatchString(l.text)) {
				return run // a menu ends what belongs together; a button does not
			}
			if l.left && l.use != asMenu && l.use != asSizes && l.use != asReaction && len(run) > 0 {
				return run
			}
			continue
		case isByline(l.text), isLabelLine(l.text), isSeriesLine(l.text), isMail(l.text), promotion.MatchString(l.text):
			continue
		case l.bullet != "" && (!headlike(l.text) || utf8.RuneCountInString(l.text) < 10):
			if len(run) > 0 {
				return run
			}
		case headlike(l.text) || prose(l.text) && utf8.RuneCountInString(l.text) < 150:
			run = slices.Insert(run, 0, i)
		case len(run) > 0:
			return run
		}
	}
	// Bullets are lines of a deck only under a headline that has none.
	for len(run) > 0 && p.lines[run[0]].bullet != "" && slices.ContainsFunc(run, func(i int) bool { return p.lines[i].bullet == "" }) {
		run = run[1:]
	}
	return run
}

// headlike says whether a line can be a headline or a line of a deck.
func headlike(s string) bool {
	if len(s) > maxShort {
		return false
	}
	n := utf8.RuneCountInString(s)
	letters := strings.Count(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return 'x'
		}
		return ' '
	}, s), "x")
	switch {
	case n < 6 || n > 200 || letters*2 < n && letters < 6:
		return false
	case !strings.Contains(s, " ") && n < 10:
		return false
	case isMenuLine(s), crumbs.MatchString(s), isByline(s), copyright.MatchString(s), addressLine.MatchString(s), isRowLine(s):
		return false
	}
	return !prose(s)
}

// isRowLine says whether a line is a row of figures: "코스피 2,807.63 +0.37%".
func isRowLine(s string) bool {
	c := cells(s)
	return len(c) > 1 && slices.ContainsFunc(c, func(c string) bool { return isNumber(c) && (isRate(c) || isSigned(c)) })
}

// pick chooses the headline among lines that stand together: the first, unless it is the title of the browser's
// window, which repeats the headline with the paper's name.
func (p *parser) pick(run []int) int {
	for k := range len(run) - 1 {
		long := squeeze(p.lines[run[k]].text)
		for m := k + 1; m < len(run); m++ {
			if short := squeeze(p.lines[run[m]].text); long == short || strings.Contains(long, short) && len(short) > 15 {
				return m
			}
		}
	}
	for k, i := range run {
		if m := labelBefore.FindStringSubmatch(p.lines[i].text); m != nil && labelWord.MatchString(m[1]) {
			return k // 속보 and the like stand before nothing else
		}
	}
	first := -1
	for k, i := range run {
		switch t := p.lines[i].text; {
		case p.lines[i].bullet != "" || prose(t):
		case first < 0:
			first = k
		case likeName(p.lines[run[first]].text) && utf8.RuneCountInString(t) >= 20:
			first = k // what stood above is the name of the paper or of a page
		}
	}
	return max(first, 0)
}

// likeName says whether a line is rather a name than a headline: two short words at most.
func likeName(s string) bool {
	return utf8.RuneCountInString(s) <= 12 && len(strings.Fields(s)) <= 2
}

// labelWords stand before or behind a headline and say what kind of story it is.
const labelWords = `속보|긴급|\d보|종합|종합\s?\d?보|\d차\s?종합|단독|사진|포토|화보|영상|사설|칼럼|기고|시론|기자수첩|인터뷰|르포|해설|분석|전문|인사|부고|동정|알림|특징주|그래픽|팩트체크|정정|정정보도|반론|반론보도|추후보도|상보|1신|2신|update|업데이트`

var (
	labelBefore  = regexp.MustCompile(`^\s*[\[<〈【［]\s*([^\[\]<>〈〉【】［］]{1,14}?)\s*[\]>〉】］]\s*`)
	labelParens  = regexp.MustCompile(`^\s*\(\s*(` + labelWords + `)\s*\)\s*`)
	labelBar     = regexp.MustCompile(`^\s*(` + labelWords + `)\s*[|:：ㅣ]\s*`)
	labelEnd     = regexp.MustCompile(`\s*[(\[]\s*(` + labelWords + `)\s*[)\]]$`)
	labelWord    = regexp.MustCompile(`^(?:` + labelWords + `)$`)
	seriesEnd    = regexp.MustCompile(`\s*[\[［【]\s*([^\[\]［］【】]{1,30}?)\s*[\]］】]$`)
	bracketsOnly = regexp.MustCompile(`^[\[［【<〈]\s*([^\[\]［］【】<>〈〉]{1,30}?)\s*[\]］】>〉]$`)
)

func isLabelLine(s string) bool { return labelWord.MatchString(squeeze(bare(s))) }

func isSeriesLine(s string) bool { return bracketsOnly.MatchString(s) }

// head takes line i as the headline and parts it from its labels.
func (p *parser) head(i int) {
	s := tidy(p.lines[i].text)
	p.take(i, asHeadline)
	for {
		m := labelBefore.FindStringSubmatch(s)
		if m == nil {
			m = labelParens.FindStringSubmatch(s)
		}
		if m == nil {
			m = labelBar.FindStringSubmatch(s)
		}
		if m == nil || len(m[0]) == len(s) {
			break
		}
		p.label(m[1])
		s = s[len(m[0]):]
	}
	for {
		if m := labelEnd.FindStringSubmatch(s); m != nil && len(m[0]) < len(s) {
			p.label(m[1])
			s = s[:len(s)-len(m[0])]
			continue
		}
		if m := seriesEnd.FindStringSubmatch(s); m != nil && len(m[0]) < len(s) && p.page.Series == "" {
			p.page.Series = m[1]
			s = s[:len(s)-len(m[0])]
			continue
		}
		break
	}
	p.page.Headline = strings.TrimSpace(s)
}

func (p *parser) label(s string) {
	switch {
	case p.page.Label == "":
		p.page.Label = s
	case !strings.Contains(p.page.Label, s):
		p.page.Label += "·" + s
	}
}

// around takes labels and a series that stand on lines of their own beside the headline, and leaves the headline
// where it is repeated.
func (p *parser) around(head int) {
	for i := p.previous(head); i >= 0 && p.beside(i, -1); i = p.previous(i) {
	}
	for i := p.next(head + 1); i < len(p.lines) && p.beside(i, 1); i = p.next(i + 1) {
	}
	whole := squeeze(p.lines[head].text)
	for i := range p.lines {
		if p.lines[i].free() && squeeze(p.lines[i].text) == whole {
			p.leave(i, asRepeated)
		}
	}
}

// beside takes line i as a label or series, and says whether it was one. Step leads away from the headline.
func (p *parser) beside(i, step int) bool {
	l := &p.lines[i]
	t := tidy(l.text)
	m := bracketsOnly.FindStringSubmatch(t)
	switch {
	case l.bullet != "" || !l.free() && !(l.left && l.use == asMenu):
		return false
	case l.free() && p.byline(i):
	case isLabelLine(t):
		// Words such as 사설 are also in menus: one that stands among others is no label.
		if k := p.previous(i); step < 0 && m == nil && k >= 0 && p.lines[k].left && p.lines[k].use == asMenu {
			return false
		}
		p.label(bare(t))
		p.take(i, asLabel)
	case m != nil && l.free() && step < 0 && p.lines[i+1].text != "":
		p.label(m[1])
		p.take(i, asLabel)
	case m != nil && l.free() && step > 0 && p.page.Series == "":
		p.page.Series = m[1]
		p.take(i, asSeries)
	default:
		return false
	}
	return true
}

// deck takes line i as a line of the standfirst.
func (p *parser) deck(i int) {
	t := tidy(p.lines[i].text)
	if p.page.Deck != "" {
		t = p.page.Deck + " · " + t
	}
	p.page.Deck = t
	p.take(i, asDeck)
}

// deckBetween takes what stands between headline and text as the standfirst where there was none above the date.
func (p *parser) deckBetween(head, first int) {
	had, n := p.page.Deck != "", 0
	for i := head + 1; i < first; i++ {
		l := &p.lines[i]
		if !l.free() || p.byline(i) {
			continue
		}
		if !had && n < maxDecks && headlike(l.text) && !subheadMark.MatchString(l.text) {
			p.deck(i)
			n++
		}
	}
}

var (
	mail       = regexp.MustCompile(`[(\[<]?\s*[A-Za-z0-9._%+-]+\s?@\s?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\s*[)\]>]?`)
	role       = `(?:선임|수석|전문|인턴|객원|수습|대|시민|명예|편집)?기자|특파원|통신원|논설위원|논설실장|해설위원|전문위원|편집위원|편집국장|에디터|앵커|아나운서|PD|리포터|작가|평론가`
	nameForm   = `\p{Hangul}{2,4}|[A-Z][A-Za-z.'-]+(?:\s[A-Z][A-Za-z.'-]+){0,2}`
	bylineM    = regexp.MustCompile(`^(?:[\p{Hangul}A-Za-z]{1,12}[=/\s]\s?)?(?:` + nameForm + `)(?:\s?[·,/&]\s?(?:` + nameForm + `))*\s?(?:` + role + `)(?:\s?[·,/&]?\s?(?:` + nameForm + `)\s?(?:` + role + `))*$`)
	bylineTeam = regexp.MustCompile(`^(?:온라인|디지털|인터넷|편집|뉴스|이슈|속보|취재|산업|경제|국제|사회|정치|증권|금융|데이터)\p{Hangul}{0,6}(?:팀|부|국|본부)$|^(?:글|취재|정리|번역|기자)\s?[=:：]?\s?\p{Hangul}{2,4}(?:\s?(?:` + role + `))?$|^[Bb]y\s(?:` + nameForm + `)$`)
)

// byline returns the names of a line that is nothing but a byline, without addresses.
func byline(s string) (string, bool) {
	if len(s) > maxShort {
		return "", false
	}
	s = strings.Trim(tidy(mail.ReplaceAllString(s, " ")), " |·:：/()[]<>=-,▶")
	if utf8.RuneCountInString(s) > 60 || !bylineM.MatchString(s) && !bylineTeam.MatchString(s) || isMenuLine(s) {
		return "", false
	}
	return s, true
}

// isMail says whether a line is little more than an address to write to.
func isMail(s string) bool {
	return len(s) <= maxShort && mail.MatchString(s) && utf8.RuneCountInString(mail.ReplaceAllString(s, "")) < 12
}

func isByline(s string) bool { _, ok := byline(s); return ok }

// byline takes line i as the byline if it is one; a second one is left.
func (p *parser) byline(i int) bool {
	if p.lines[i].long() {
		return false
	}
	s := p.lines[i].text
	b, ok := byline(s)
	switch {
	case ok && p.page.Byline == "":
		p.page.Byline = b
		p.take(i, asByline)
	case ok:
		p.leave(i, asRepeated)
	case isMail(s):
		p.leave(i, asMail)
	default:
		return false
	}
	return true
}
