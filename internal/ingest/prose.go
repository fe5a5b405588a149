package ingest

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"sokbo/internal/body"
)

// text returns the first and the last line of the article's text under the headline, or -1 where there is none.
func (p *parser) text(head int) (first, last int) {
	first, last = -1, -1
	for i := head + 1; i < p.copy; i++ {
		l := &p.lines[i]
		if !l.plain() {
			continue
		}
		strong := prose(l.text) || i > p.date && sentence(l.text)
		if !strong {
			_, strong = p.caption(i)
		}
		if strong && first < 0 {
			first = i
		}
		// What ends as a sentence goes on with the text even if it is short: “끝까지 간다.”
		if strong || first >= 0 && (ended(l.text) && utf8.RuneCountInString(l.text) > 3 || openEnd.MatchString(tail(l.text)) && utf8.RuneCountInString(l.text) >= 20) {
			last = i
		}
	}
	if first >= 0 || p.date < 0 {
		return first, last
	}
	// Nothing reads as a paragraph by itself: what is under the date and holds a full stop is a short text.
	for i := max(head, p.date) + 1; i < p.copy; i++ {
		l := &p.lines[i]
		if !l.plain() || utf8.RuneCountInString(l.text) < 3 || !fullStop.MatchString(tail(l.text)) && !sentenceInside.MatchString(l.text) {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	return first, last
}

// openEnd is how a sentence ends whose full stop was forgotten.
var openEnd = regexp.MustCompile(`[다요죠까][”’"')]*$`)

// body makes blocks of the lines from first to last.
func (p *parser) body(first, last int) []body.Node {
	var blocks []body.Node
	var figures []*caption // in the order of blocks; placed at the end, when their repetitions are known
	var at []int
	said := map[string]bool{}
	for i := first; i <= last; i++ {
		l := &p.lines[i]
		if !l.free() {
			continue
		}
		t := tidy(l.text)
		switch c, isCaption := p.caption(i); {
		case isCaption:
			if k := repeatedCaption(figures, c); k >= 0 {
				if c.credit != "" && figures[k].credit == "" {
					c.key = words(c.text)
					figures[k] = &c // the first was the alternative text
				}
				p.leave(i, asRepeated)
				continue
			}
			if c.text == "" && len(figures) > 0 && at[len(at)-1] == len(blocks)-1 {
				f := figures[len(figures)-1] // a credit on a line of its own
				f.credit = strings.TrimSpace(f.credit + " " + c.credit)
				p.take(i, asCaption)
				continue
			}
			c.key = words(c.text)
			figures, at = append(figures, &c), append(at, len(blocks))
			blocks = append(blocks, body.Node{})
			p.take(i, asCaption)
		case p.byline(i):
		case l.bullet != "":
			end := i
			for end <= last && (p.lines[end].blank() || p.lines[end].free() && p.lines[end].bullet != "") {
				end++
			}
			blocks = append(blocks, p.list(i, end)...)
		case p.isSubhead(i, last):
			blocks = append(blocks, body.Heading(2, strings.TrimSpace(subheadMark.ReplaceAllString(t, ""))))
			p.take(i, asSubhead)
		case said[t] && utf8.RuneCountInString(t) >= 25:
			p.leave(i, asRepeated)
		default:
			said[t] = true
			blocks = append(blocks, body.Paragraph(t))
			p.take(i, asParagraph)
		}
	}
	for k, c := range figures {
		blocks[at[k]] = body.FigureWithoutPicture(c.text, c.credit)
	}
	return blocks
}

// list makes a list of the bullets from i to end. Single words that nobody explained are rather buttons.
func (p *parser) list(i, end int) []body.Node {
	var lines []string
	numbered := true
	for ; i < end; i++ {
		l := &p.lines[i]
		if !l.free() {
			continue
		}
		t := tidy(l.text)
		if !strings.Contains(t, " ") && utf8.RuneCountInString(t) < 5 {
			p.leave(i, asUnknown)
			continue
		}
		numbered = numbered && digitsOnly.MatchString(l.bullet)
		lines = append(lines, t)
		p.take(i, asList)
	}
	switch {
	case len(lines) == 0:
		return nil
	case numbered:
		return []body.Node{body.OrderedList(lines...)}
	}
	return []body.Node{body.BulletList(lines...)}
}

// subheadMark stands before a subhead.
var subheadMark = regexp.MustCompile(`^(?:[◇◆■□▣◈◎❏❚▌▍▎〇]+|##+)\s*`)

// maxSubhead is how many characters a subhead may have.
const maxSubhead = 45

// isSubhead says whether line i stands over paragraphs: it has the mark of one, or it is short, ends like no
// sentence and stands alone before a paragraph.
func (p *parser) isSubhead(i, last int) bool {
	if p.lines[i].long() {
		return false
	}
	t := tidy(p.lines[i].text)
	if utf8.RuneCountInString(t) > maxSubhead || ended(t) && !strings.HasSuffix(t, "?") && !strings.HasSuffix(t, "…") {
		return false
	}
	if strings.Contains(t, "▲") {
		return false // points in a row, not a caption either
	}
	if subheadMark.MatchString(t) {
		return len(subheadMark.ReplaceAllString(t, "")) > 0
	}
	if ended(t) {
		return false
	}
	next := p.next(i + 1)
	return next <= last && p.lines[next].plain() && prose(p.lines[next].text) && strings.ContainsFunc(t, isLetter)
}

// caption is the words of a picture.
type caption struct {
	text, credit string
	key          string // see words; set in figures
}

// isCaptionLine says whether a line shows itself to be a caption by its mark.
func isCaptionLine(s string) bool {
	return captionMark.MatchString(s) && strings.Count(s, "▲") == 1 && !isNumber(s)
}

// caption reads line i as a caption. One without ▲ is known by a credit at its end, or because it stands twice: a
// text browser shows the alternative text of a picture too.
func (p *parser) caption(i int) (caption, bool) {
	if p.lines[i].long() {
		return caption{}, false
	}
	t := tidy(p.lines[i].text)
	if isCaptionLine(t) {
		t = captionMark.ReplaceAllString(t, "")
		return credited(t, true), true
	}
	if m := captionWord.FindString(t); m != "" && m != t {
		return credited(t[len(m):], true), true
	}
	if p.lines[i].bullet != "" || utf8.RuneCountInString(t) > maxCaption {
		return caption{}, false
	}
	k := p.previous(i)
	behind := k >= 0 && p.lines[k].use == asCaption
	if behind && creditAlone.MatchString(t) {
		return caption{credit: t}, true
	}
	if c := credited(t, false); c.credit != "" {
		return c, true
	}
	next := p.next(i + 1)
	if next < len(p.lines) && p.lines[next].free() {
		u := tidy(p.lines[next].text)
		if squeeze(t) == squeeze(u) || isCaptionLine(u) && same(words(t), words(credited(captionMark.ReplaceAllString(u, ""), true).text)) {
			return caption{text: t}, true
		}
	}
	if behind && squeeze(captionMark.ReplaceAllString(tidy(p.lines[k].text), "")) == squeeze(t) {
		return caption{text: t}, true
	}
	return caption{}, false
}

// maxCaption is how many characters a caption without ▲ may have.
const maxCaption = 250

func (p *parser) previous(i int) int {
	for i--; i >= 0 && p.lines[i].blank(); i-- {
	}
	return i
}

// repeatedCaption returns which of the figures says what c says, or -1.
func repeatedCaption(figures []*caption, c caption) int {
	if c.text == "" {
		return -1
	}
	key := words(c.text)
	for k, f := range figures {
		if same(f.key, key) {
			return k
		}
	}
	return -1
}

// words is a caption as it is compared: without spaces and the last full stop.
func words(s string) string { return strings.TrimRight(squeeze(s), ".") }

// same says whether two captions are one: equal, or a longer one that goes on.
func same(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a != "" && (a == b || len(a) > 20 && strings.HasPrefix(b, a))
}

const agency = `뉴시스|연합뉴스|연합|뉴스1|뉴스핌|로이터|AP|AFP|EPA|UPI|REUTERS|Reuters|신화|교도|타스|게티이미지\S*|블룸버그|\S*통신|\S*뉴스|\S*일보|\S*신문|\S*DB|사진공동취재단|공동취재단?`

var (
	captionMark = regexp.MustCompile(`^▲\s*`)
	// captionWord opens a caption inside the text; before a headline it would be a label.
	captionWord = regexp.MustCompile(`^(?:\[(?:사진|포토)(?:\s?설명)?\]|\(사진\)|사진\s?설명\s?[=:：]?)\s*`)

	// Forms of a credit at the end of a caption, the surest first. Group 1 is what is kept.
	creditForms = []*regexp.Regexp{
		regexp.MustCompile(`[(\[<（【〈]\s*((?:사진|이미지|그래픽|자료|출처|영상|일러스트|제공)(?:\s?(?:제공|출처|캡처))?\s?[=:：／/]\s?[^()\[\]<>（）【】〈〉]{1,60}?)\s*[)\]>）】〉]\.?$`),
		regexp.MustCompile(`[(\[]\s*(사진\s+[^()\[\]]{2,30}?)\s*[)\]]$`),
		regexp.MustCompile(`(?:^|[\s/|.])((?:사진|이미지|그래픽|자료|출처|영상|일러스트)(?:\s?(?:제공|출처|캡처))?\s?[=:：／]\s?[^()\[\]=]{1,60})$`),
		regexp.MustCompile(`[(\[<（【〈]?\s*([ⓒ©]\s?[^()\[\]<>（）【】〈〉.]{1,40})\s*[)\]>）】〉]?$`),
		regexp.MustCompile(`[(\[<（【〈]\s*((?:[^()\[\]<>（）【】〈〉]{0,30}[=/\s])?(?:` + agency + `)(?:\s?(?:제공|사진|자료사진|=.{1,20}))?)\s*[)\]>）】〉]\.?$`),
		regexp.MustCompile(`[(\[<（【〈]\s*([^()\[\]<>（）【】〈〉]{1,40}\s?(?:제공|캡처|갈무리|자료사진))\s*[)\]>）】〉]\.?$`),
		regexp.MustCompile(`[.다”"')\]]\s+([^\s/.]{1,20}(?:\s[^\s/.]{1,12})?\s?/\s?[^\s/.]{1,20}(?:\s(?:연합뉴스|뉴시스|제공))?)$`),
		regexp.MustCompile(`[.다”"')\]]\s+([^\s=.]{1,12}\s?=\s?[^=.]{2,30})$`),
		regexp.MustCompile(`[.”"')\]]\s+((?:[^\s.]{1,15}\s)?(?:` + agency + `)(?:\s?제공)?)$`),
		regexp.MustCompile(`[.”"')\]]\s+([^.]{1,30}\s?(?:제공|캡처|갈무리|자료사진))$`),
		regexp.MustCompile(`[.”"')\]]\s+/\s?([^\s/.][^/.]{1,30})$`),
		regexp.MustCompile(`[.”"')\]]\s+(\p{Hangul}{2,4}\s?(?:선임|사진|인턴)?기자(?:\s\S+@\S+)?)$`),
	}
	// creditHint is in every caption that ends with a full stop behind its credit.
	creditHint = regexp.MustCompile(`[)\]>）】〉]\.$|[ⓒ©]|(?:사진|이미지|그래픽|자료|출처|영상|일러스트)\s?(?:(?:제공|출처|캡처)\s?)?[=:：／/]`)
	// creditAlone is taken on a line under a caption.
	creditAlone = regexp.MustCompile(`^(?:[^\s]{1,15}[/=\s])?(?:` + agency + `)(?:\s?제공)?$`)
	// looseCredit is taken only behind ▲: "부두에 선 배 나루/한들통신".
	looseCredit = regexp.MustCompile(`\s([^\s/.\d]{1,15}/[^\s/.\d]{2,20})$`)
	creditWord  = regexp.MustCompile(`^(?:(?:사진|이미지|영상|출처)\s?(?:출처)?\s?[=:：／/]\s?|사진\s+)`)
	creditGiver = regexp.MustCompile(`^(?:사진|이미지|그래픽|자료|영상|일러스트)?\s?제공\s?[=:：／/]\s?(.+)$`)
	// A number or a unit with a slash is no credit: 24/7, km/h.
	noCredit = regexp.MustCompile(`^\d|^[a-z]{1,3}/[a-z]{1,3}$`)
)

// credited parts a caption from its credit. Where it is sure that the text is a caption a looser form counts too.
func credited(s string, sure bool) caption {
	if fullStop.MatchString(tail(s)) && !creditHint.MatchString(s) {
		return caption{text: s} // a paragraph, like most lines
	}
	forms := creditForms
	if sure {
		forms = append(forms[:len(forms):len(forms)], looseCredit)
	}
	for _, f := range forms {
		m := f.FindStringSubmatchIndex(s)
		if m == nil {
			continue
		}
		credit := strings.TrimSpace(s[m[2]:m[3]])
		if noCredit.MatchString(credit) {
			continue
		}
		text := strings.TrimRight(s[:m[2]], " ([<（【〈/|")
		if g := creditGiver.FindStringSubmatch(credit); g != nil {
			credit = g[1] + " 제공"
		}
		credit = creditWord.ReplaceAllString(strings.TrimLeft(credit, "/ "), "")
		return caption{text: text, credit: strings.TrimSpace(mail.ReplaceAllString(credit, ""))}
	}
	return caption{text: s}
}

// language tells the language of the page by its letters.
func (p *parser) language() string {
	hangul, kana, latin := 0, 0, 0
	for _, r := range p.page.Headline + p.page.Body.Text() {
		switch {
		case r >= 0xac00 && r <= 0xd7a3:
			hangul++
		case r >= 0x3040 && r <= 0x30ff:
			kana++
		case r < 0x80 && isLetter(r):
			latin++
		}
	}
	switch {
	case hangul >= kana && (hangul > 0 && 6*hangul > latin):
		return "ko"
	case kana > 0 && 6*kana > latin:
		return "ja"
	case latin > 0:
		return "en"
	}
	return "ko"
}
