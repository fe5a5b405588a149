package ingest

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// moment matches a day, with or without its time, as Korean and Japanese pages write it.
const moment = `((?:19|20)\d\d)\s?[-./년年]\s?(\d{1,2})\s?[-./월月]\s?(\d{1,2})\s?[일日.]?(?:\s?\(?[월화수목금토일月火水木金土日](?:요일|曜日)?\)?)?` +
	`(?:[ T,]*(오전|오후|AM|PM|am|pm)?\s?(\d{1,2})\s?[:시時]\s?(\d{1,2})(?:\s?[분分])?(?:\s?:\s?(\d{2})(?:\.\d+)?|\s?(\d{1,2})초)?\s?(AM|PM|am|pm)?(Z|[+-]\d\d:?\d\d)?)?`

var (
	momentForm  = regexp.MustCompile(moment)
	publishedM  = `(?:기사\s?)?(?:최초\s?)?(?:입력|등록|승인|작성|송고|게재|발행|게시)(?:\s?(?:시간|시각|일시|일자|일))?|Published|Posted|公開|配信|掲載`
	modifiedM   = `(?:최종\s?|마지막\s?|기사\s?)*(?:수정|업데이트|갱신|편집)(?:\s?(?:시간|시각|일시|일자|일))?|Updated|Modified|Last [Mm]odified|更新`
	dateWord    = regexp.MustCompile(`^(?:(?:` + publishedM + `|` + modifiedM + `)\s?[:：]?\s?)+$`)
	labelBehind = regexp.MustCompile(`^\s*(?:(` + publishedM + `)|` + modifiedM + `)(?:\s|$)`)
	labelled    = regexp.MustCompile(`(` + publishedM + `)?(` + modifiedM + `)?[\s:：|·=\[(]*` + moment)
)

// found is one moment of a line: what it is called there, and where it stands.
type found struct {
	label      string // "p", "m" or ""
	at         time.Time
	timed      bool // it has a time, not only a day
	start, end int
}

// moments returns the moments of a text.
func (p *parser) moments(s string) []found {
	var all []found
	for _, m := range labelled.FindAllStringSubmatchIndex(s, -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return s[m[2*i]:m[2*i+1]]
		}
		f := found{start: m[0], end: m[1]}
		switch {
		case group(2) != "":
			f.label = "m"
		case group(1) != "":
			f.label = "p"
		}
		var ok bool
		if f.at, f.timed, ok = p.moment(group, 3); ok {
			all = append(all, f)
		}
	}
	// "2024-06-20 16:34 입력": where a line begins with a moment the words follow.
	if n := len(all); n > 0 && all[0].label == "" && all[0].start == 0 {
		for i := range n - 1 {
			all[i].label = all[i+1].label
		}
		all[n-1].label = ""
		if m := labelBehind.FindStringSubmatchIndex(s[all[n-1].end:]); m != nil {
			if all[n-1].label = "m"; m[2] >= 0 {
				all[n-1].label = "p"
			}
			all[n-1].end += m[1]
		}
	}
	return all
}

// moment makes a time of the groups of [moment], the first of which is number i.
func (p *parser) moment(group func(int) string, i int) (at time.Time, timed, ok bool) {
	n := func(k int) int { v, _ := strconv.Atoi(group(i + k)); return v }
	year, month, day := n(0), n(1), n(2)
	hour, minute, second := n(4), n(5), n(6)+n(7)
	timed = group(i+4) != ""
	switch half := strings.ToLower(group(i+3) + group(i+8)); {
	case (half == "오후" || half == "pm") && hour < 12:
		hour += 12
	case (half == "오전" || half == "am") && hour == 12:
		hour = 0
	}
	if month < 1 || month > 12 || hour > 24 || minute > 59 || second > 59 {
		return at, timed, false
	}
	zone := p.zone
	if z := strings.Replace(group(i+9), ":", "", 1); z == "Z" {
		zone = time.UTC
	} else if z != "" {
		t, err := time.Parse("-0700", z)
		if err != nil {
			return at, timed, false
		}
		zone = t.Location()
	}
	at = time.Date(year, time.Month(month), day, hour, minute, second, 0, zone)
	return at, timed, at.Day() == day || hour == 24
}

// dates finds 입력 and 수정. Labelled moments count first; a page without any is dated by its first line that holds
// little else than a day with a time.
func (p *parser) dates() {
	p.date = -1
	for i := range p.lines {
		l := &p.lines[i]
		if !l.free() || l.long() || prose(l.text) && !dateWord.MatchString(firstWord(l.text)) {
			continue
		}
		s := l.text
		if dateWord.MatchString(s) { // the word stands on a line of its own
			if j := p.next(i + 1); j < len(p.lines) && p.lines[j].free() && startsWithMoment(p.lines[j].text) {
				p.take(i, asDate)
				l = &p.lines[j]
				s, i = s+" "+l.text, j
			}
		}
		p.dated(i, s, true)
	}
	for i := 0; i < len(p.lines) && p.date < 0; i++ {
		if p.lines[i].plain() && !p.lines[i].long() && !prose(p.lines[i].text) {
			p.dated(i, p.lines[i].text, false)
		}
	}
}

func firstWord(s string) string { w, _, _ := strings.Cut(s, " "); return w }

func startsWithMoment(s string) bool {
	m := momentForm.FindStringIndex(s)
	return m != nil && strings.Trim(s[:m[0]], " :：") == ""
}

// dated takes the moments of line i. The rest of the line may be a byline or buttons.
func (p *parser) dated(i int, s string, labels bool) {
	all := p.moments(s)
	if !labels && (len(all) == 0 || !all[0].timed || columns(s)-columns(s[all[0].start:all[0].end]) > 30) {
		return
	}
	rest, end, any, said := "", 0, false, false
	for _, f := range all {
		if f.label == "" && labels && !any {
			continue
		}
		any = true
		rest, end = rest+" "+s[end:f.start], f.end
		to := &p.page.Published
		if f.label == "m" || f.label == "" && !to.IsZero() {
			to = &p.page.Modified
		}
		if to.IsZero() {
			*to, said = f.at, true
		}
	}
	if !any {
		return
	}
	rest += " " + s[end:]
	p.leave(i, asRepeated)
	if said {
		p.take(i, asDate)
	}
	if p.date < 0 {
		p.date = i
	}
	if b, ok := byline(strings.Trim(tidy(rest), " |·:：/()[]-")); ok && p.page.Byline == "" {
		p.page.Byline = b
	}
}
