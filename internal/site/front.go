package site

import (
	"context"
	"net/http"
	"strings"

	"sokbo/internal/market"
	"sokbo/internal/site/theme"
	"sokbo/internal/story"
)

// How many paragraphs of its text the lead shows under its headline: more where no other story stands below it.
const (
	leadParagraphs     = 2
	loneLeadParagraphs = 4
)

// fewestMains is how many stories 주요 뉴스 has at least on a front that the desk has not ordered. With fewer the
// list of the newest says it all.
const fewestMains = 4

// front renders the edition of a language.
func (s *Site) front(language string) func(context.Context, *http.Request) (rendering, error) {
	return func(ctx context.Context, _ *http.Request) (rendering, error) {
		w := s.wordsOf(language)
		f, err := s.Stories.Front(ctx, language, language)
		if err != nil {
			return rendering{}, err
		}
		p := theme.FrontPage{Frame: s.frame(w, theme.DefaultPrefs)}
		p.AtHome = true
		p.Path = s.frontOf(language)
		p.Canonical = s.Origin.URL(p.Path)
		for _, e := range p.Editions {
			e.URL = s.Origin.URL(e.URL)
			p.Alternates = append(p.Alternates, e)
		}
		tags := []string{story.FrontTag(language), story.ListTag(language)}
		shows := func(number string) {
			if number != "" {
				tags = append(tags, story.Tag(number))
			}
		}
		if f.Lead != nil {
			lead := s.headline(*f.Lead)
			paragraphs := leadParagraphs
			if len(f.Seconds) == 0 {
				paragraphs = loneLeadParagraphs
			}
			if lead.Text, err = s.opening(ctx, *f.Lead, paragraphs); err != nil {
				return rendering{}, err
			}
			p.Lead = &lead
			p.Description = lead.Headline
			shows(f.Lead.Number)
		}
		for _, e := range f.Seconds {
			p.Seconds = append(p.Seconds, s.headline(e))
			shows(e.Number)
		}
		mains, newest := parted(f)
		for _, e := range mains {
			shows(e.Number)
		}
		for _, l := range newest {
			p.Newest = append(p.Newest, s.headline(story.Entry{Line: l}))
			shows(l.Number)
		}
		p.Rail = s.rail(w, mains, true)
		tags = append(tags, boardTags...)
		s.goLive(&p.Frame, w, "")
		return rendering{p, tags}, nil
	}
}

// parted are 주요 뉴스 and the list of the newest, so that no story stands on a front twice unless the desk put it
// there: beside an article the free places of 주요 뉴스 begin with the lead, here with what has no place yet.
func parted(f story.Front) (mains []story.Entry, newest []story.Line) {
	places := f.Main("")
	pinned := map[string]bool{}
	ordered := false
	for _, e := range places {
		if e.Pinned {
			pinned[e.Number], ordered = true, true
		}
	}
	for _, l := range f.Newest {
		if !pinned[l.Number] {
			newest = append(newest, l)
		}
	}
	if !ordered && len(newest) < fewestMains {
		return nil, newest
	}
	for _, e := range places {
		switch {
		case e.Pinned:
			mains = append(mains, e)
		case len(newest) > 0:
			mains, newest = append(mains, story.Entry{Line: newest[0]}), newest[1:]
		}
	}
	return mains, newest
}

// headline is a front's entry as lists show it.
func (s *Site) headline(e story.Entry) theme.Headline {
	h := theme.Headline{
		URL:      e.URL,
		Label:    e.Label,
		Headline: e.Headline,
		Series:   e.Series,
		Summary:  e.Deck,
		Byline:   e.Byline,
		Breaking: isBreaking(e.Label),
	}
	if e.Number != "" {
		h.URL = articlePath(e.Number)
		at := s.moment(e.Published)
		h.Time = &at
	}
	return h
}

// isBreaking says whether a label is one that stands in the colour of 속보.
func isBreaking(label string) bool {
	return label == "속보" || label == "1보" || label == "2보" || label == "速報"
}

// opening is the beginning of a story's text. A story that went between the two queries has none.
func (s *Site) opening(ctx context.Context, e story.Entry, paragraphs int) ([]string, error) {
	if e.Number == "" {
		return nil, nil
	}
	a, err := s.Stories.Article(ctx, e.Number)
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	doc, err := a.Doc()
	if err != nil {
		return nil, err
	}
	var text []string
	for _, b := range doc.Blocks() {
		if b.Kind == "paragraph" && strings.TrimSpace(b.Text) != "" {
			if text = append(text, b.Text); len(text) == paragraphs {
				break
			}
		}
	}
	return text, nil
}

// rail is what stands beside an article, or in the width of a front, where the coins stand first in two tables.
func (s *Site) rail(w *theme.Words, mains []story.Entry, wide bool) theme.Rail {
	var r theme.Rail
	for _, e := range mains {
		h := s.headline(e)
		h.Time, h.Byline, h.Summary = nil, "", ""
		r.MainNews = append(r.MainNews, h)
		r.MainSaved = r.MainSaved || h.URL == ""
	}
	order := []string{market.Movers, market.Crypto}
	if wide {
		order = []string{market.Crypto, market.Movers}
	}
	for _, name := range order {
		if b, ok := s.board(w, name, wide && name == market.Crypto); ok {
			r.Boards = append(r.Boards, b)
		}
	}
	return r
}
