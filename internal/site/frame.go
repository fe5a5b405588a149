package site

import (
	"fmt"
	"time"

	"sokbo/internal/site/theme"
)

// words are those of the site's own language.
func (s *Site) words() *theme.Words { return theme.In(s.Language) }

// wordsOf are those around a story; a language without words has the site's own around it.
func (s *Site) wordsOf(language string) *theme.Words {
	if w := theme.In(language); w != nil {
		return w
	}
	return s.words()
}

// frontOf is the path of a language's edition.
func (s *Site) frontOf(language string) string {
	if language == s.Language {
		return "/"
	}
	return "/" + language
}

// frame is what stands around a page in the language of w.
func (s *Site) frame(w *theme.Words, p theme.Prefs) theme.Frame {
	f := theme.Frame{
		Words:   w,
		Prefs:   p,
		Paper:   s.Paper,
		Title:   s.Paper.Name,
		Heading: s.Paper.Name,
		Path:    "/",
		Home:    s.frontOf(w.Language),
		Today:   s.today(w.Language),
	}
	for _, language := range theme.Languages {
		f.Editions = append(f.Editions, theme.Edition{
			Language: language,
			Self:     theme.In(language).Self,
			URL:      s.frontOf(language),
			Current:  language == w.Language,
		})
	}
	return f
}

// moment shows a time in the site's zone, to the minute as 입력 and 수정 have it.
func (s *Site) moment(t time.Time) theme.Moment {
	t = t.In(s.Zone)
	return theme.Moment{Machine: t.Format(time.RFC3339), Full: t.Format("2006-01-02 15:04")}
}

// clock shows the time of a price.
func (s *Site) clock(t time.Time) theme.Moment {
	t = t.In(s.Zone)
	return theme.Moment{Machine: t.Format("2006-01-02T15:04:05.000Z07:00"), Full: t.Format("15:04:05")}
}

var (
	koreanDays   = [...]string{"일", "월", "화", "수", "목", "금", "토"}
	japaneseDays = [...]string{"日", "月", "火", "水", "木", "金", "土"}
)

// today is the date of the masthead.
func (s *Site) today(language string) theme.Moment {
	now := s.Now().In(s.Zone)
	y, m, d := now.Date()
	full := ""
	switch language {
	case "ko":
		full = fmt.Sprintf("%d년 %d월 %d일 %s요일", y, m, d, koreanDays[now.Weekday()])
	case "ja":
		full = fmt.Sprintf("%d年%d月%d日 %s曜日", y, m, d, japaneseDays[now.Weekday()])
	default:
		full = now.Format("Monday, 2 January 2006")
	}
	return theme.Moment{Machine: now.Format("2006-01-02"), Full: full}
}
