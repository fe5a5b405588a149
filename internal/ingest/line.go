package ingest

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"sokbo/internal/fault"
)

// line is one line of a page as a text browser wrote it.
type line struct {
	no     int    // from 1 on
	indent int    // columns
	bullet string // "•", "*", "1." …; empty without one
	text   string // without bullet; empty in a blank line
	use    string // what it was taken or left as; empty while nobody spoke for it
	left   bool
}

// maxShort is how many bytes a line may have that is anything but a paragraph. Longer ones are not looked at for
// what a headline, a button or a caption is made of.
const maxShort = 1500

func (l *line) long() bool  { return len(l.text) > maxShort }
func (l *line) blank() bool { return l.text == "" }
func (l *line) free() bool  { return l.use == "" && l.text != "" }
func (l *line) plain() bool { return l.free() && l.bullet == "" }
func (l *line) whole() string {
	if l.bullet == "" {
		return l.text
	}
	return l.bullet + " " + l.text
}

// bullets of lynx, w3m, links and elinks, and of editors. Most need a space behind them, so that "-3.11%" is a
// number; the round ones do not.
var bulleted = regexp.MustCompile(`^(?:([•∙◦‣⁃○●・ㆍ·])\s*|([*+o#@=~]|[-–—]|\d{1,2}[.)]|\(\d{1,2}\)|[①-⑳])\s+)`)

// reference is the mark that lynx puts before a link when it lists the addresses at the end.
var reference = regexp.MustCompile(`\[\d{1,3}\]`)

// MaxLines is the most lines that a saved page may have.
const MaxLines = 10_000

// cut makes lines of a page and joins the ones that the text browser wrapped.
func cut(s string) ([]line, error) {
	if n := strings.Count(s, "\n"); n >= MaxLines {
		return nil, fault.New(fault.TooLarge, "page-lines", "the page has %d lines; at most %d are possible: look whether the right file was saved", n+1, MaxLines)
	}
	if referencesHead.MatchString(s) {
		s = reference.ReplaceAllString(s, "")
	}
	var all []line
	var before *line // the last that has text
	for i, raw := range strings.Split(s, "\n") {
		l := line{no: i + 1}
		t := strings.TrimRight(strings.ReplaceAll(raw, "\t", "  \t"), " \t")
		body := strings.TrimLeft(t, " \t")
		l.indent = columns(t[:len(t)-len(body)])
		l.text = body
		if m := bulleted.FindStringSubmatch(body); m != nil && len(m[0]) < len(body) && !sessionLine.MatchString(body) && !footnote.MatchString(body) {
			l.bullet, l.text = m[1]+m[2], body[len(m[0]):]
		}
		// "- 3.11%" between lines without bullets is a negative number.
		if strings.Contains("-–—+", l.bullet) && l.bullet != "" && isNumber(l.text) && before != nil && before.bullet == "" {
			l.bullet, l.text = "", body
		}
		all = append(all, l)
		if !l.blank() {
			before = &l
		}
	}
	shapes(all)
	return unwrap(all), nil
}

// shaped matches the marks that w3m puts before the lines of inner lists and Korean desks before subheads, points
// of a list, and captions.
var shaped = regexp.MustCompile(`^([□■◇◆☆★▪▫▲△])\s*`)

// shapes makes bullets of such marks where lines with the same one follow each other: no subhead follows another.
// Of ▲ it takes three lines that are no sentences, for a page may have several captions in a row.
func shapes(all []line) {
	for i := 0; i < len(all); i++ {
		mark := shaped.FindString(all[i].text)
		if mark == "" || all[i].bullet != "" {
			continue
		}
		var run []int
		sentences := false
		for j := i; j < len(all); j++ {
			if all[j].blank() {
				continue
			}
			if all[j].bullet != "" || !strings.HasPrefix(all[j].text, strings.TrimSpace(mark)) || all[j].text == mark {
				break
			}
			run, sentences = append(run, j), sentences || ended(all[j].text) || !all[j].long() && credited(all[j].text, true).credit != ""
		}
		triangles := mark[0:3] == "▲" || mark[0:3] == "△"
		if len(run) > 1 && (!triangles || len(run) > 2 && !sentences) {
			for _, j := range run {
				all[j].bullet, all[j].text = strings.TrimSpace(mark), shaped.ReplaceAllString(all[j].text, "")
			}
		}
		if len(run) > 0 {
			i = run[len(run)-1]
		}
	}
}

// columns is the width on a terminal: Hangul, Hanja and kana take two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r == '\t':
			n += 4
		case unicode.In(r, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana), r >= 0xff01 && r <= 0xff60:
			n += 2
		default:
			n++
		}
	}
	return n
}

// maxWrap is the widest page, in columns, that still counts as wrapped; minWraps is how many lines must have been
// cut in the middle of a sentence for that.
const (
	maxWrap  = 160
	minWraps = 3
)

// unwrap joins the lines of a page that was cut at a width. It shows itself: no line is longer, and lines end
// where the next word would not have fitted, in the middle of sentences. A page that was not cut stays as it is,
// since there each line may be a paragraph.
func unwrap(all []line) []line {
	width := 0
	for i := range all {
		width = max(width, all[i].indent+columns(all[i].whole()))
	}
	if width > maxWrap {
		return all
	}
	forced := func(i int) bool { // whether line i+1 goes on with line i
		a, b := &all[i], &all[i+1]
		if a.blank() || b.blank() || b.bullet != "" || a.bullet != "" && b.indent <= a.indent {
			return false
		}
		word, _, _ := strings.Cut(b.text, " ")
		return a.indent+columns(a.whole())+1+columns(word) > width-4
	}
	cuts := 0
	for i := range len(all) - 1 {
		if forced(i) && !ended(all[i].text) {
			cuts++
		}
	}
	if cuts < minWraps {
		return all
	}
	var out []line
	for i := 0; i < len(all); i++ {
		l, parts := all[i], []string{all[i].text}
		for i+1 < len(all) && forced(i) {
			i++
			parts = append(parts, all[i].text)
		}
		l.text = strings.Join(parts, " ")
		out = append(out, l)
	}
	return out
}

var sentenceEnd = regexp.MustCompile(`[.?!。…][”’"')\]」』】》〉]*$`)

// ended says whether s ends as a sentence does.
func ended(s string) bool { return sentenceEnd.MatchString(tail(s)) }

// tail returns the end of s, as much as tells how a sentence ends.
func tail(s string) string { return s[max(0, len(s)-40):] }

// prose says whether s reads as a paragraph rather than as a headline, a link or a label.
func prose(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= 120 || n >= 25 && ended(s) && spaced(s) || n >= 40 && sentenceInside.MatchString(s)
}

// sentence says whether s is a sentence with a full stop, as headlines and buttons are not.
func sentence(s string) bool {
	return utf8.RuneCountInString(s) >= 10 && fullStop.MatchString(tail(s)) && spaced(s)
}

// spaced says whether s has more than one word. Japanese parts its words by no space; kana is then in it.
func spaced(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r >= 0x3040 && r <= 0x30ff })
}

var fullStop = regexp.MustCompile(`[.。][”’"')」』]*$`)

var sentenceInside = regexp.MustCompile(`[다요죠까]\.\s`)

// tidy makes one space of many.
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

// squeeze takes all spaces out and makes letters small, for comparing words that are set in different ways.
func squeeze(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }

// bare takes the marks of headings and brackets around a short text away.
func bare(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("■□◆◇▶▷●○◎◈▣☞→※*#()[]<>〈〉【】《》|:：…›»>+-=", r)
	})
}
