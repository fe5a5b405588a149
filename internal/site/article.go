package site

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"sokbo/internal/body"
	"sokbo/internal/fault"
	"sokbo/internal/market"
	"sokbo/internal/reaction"
	"sokbo/internal/site/theme"
	"sokbo/internal/story"
)

func articlePath(number string) string { return "/articles/" + number }

// isGone says whether an error only means that readers cannot see a story.
func isGone(err error) bool {
	k := fault.KindOf(err)
	return err != nil && (k == fault.NotFound || k == fault.Gone)
}

// article renders a story at its address, in the words of its own language.
func (s *Site) article(ctx context.Context, r *http.Request) (rendering, error) {
	a, err := s.Stories.Article(ctx, r.PathValue("number"))
	if err != nil {
		return rendering{}, err
	}
	doc, err := a.Doc()
	if err != nil {
		return rendering{}, err
	}
	counts, err := s.Reactions.Counts(ctx, a.ID)
	if err != nil {
		return rendering{}, err
	}
	f, err := s.Stories.Front(ctx, a.Language, a.Language)
	if err != nil {
		return rendering{}, err
	}
	w := s.wordsOf(a.Language)
	path := articlePath(a.Number)
	p := theme.ArticlePage{
		Frame:      s.frame(w, theme.DefaultPrefs),
		Headline:   theme.Headline{Label: a.Label, Headline: a.Headline, Series: a.Series, Byline: a.Byline, Breaking: isBreaking(a.Label)},
		Deck:       a.Deck,
		Published:  s.moment(a.Published),
		Modified:   s.moment(a.Modified),
		HistoryURL: path + "/history",
		Body:       doc.HTML(body.RenderOptions{Language: a.Language, Host: strings.TrimPrefix(strings.TrimPrefix(s.Origin.String(), "https://"), "http://"), Zone: s.Zone}),
		Reactions:  s.reactions(w, a.Number, counts, reaction.None),
	}
	p.Title = a.Content.Headline + " | " + s.Paper.Name
	p.Heading = a.Content.Headline
	p.Description = summary(a, doc)
	p.Path = path
	p.Canonical = s.Origin.URL(path)
	p.Version = a.N
	p.Linked = s.linked(a)
	if a.Kind != "" {
		p.Correction = &theme.Correction{Kind: a.Kind, Note: a.Note}
	}
	mains := f.Main(a.Number)
	p.Rail = s.rail(w, mains, false)
	s.goLive(&p.Frame, w, a.Number)

	tags := append([]string{story.Tag(a.Number), story.FrontTag(a.Language)}, boardTags...)
	for _, e := range mains {
		if e.Number != "" {
			tags = append(tags, story.Tag(e.Number))
		}
	}
	return rendering{p, tags}, nil
}

// maxSummary is how many characters of a story stand in for a description.
const maxSummary = 150

// summary describes a story to search engines and previews: its deck, else the beginning of its text.
func summary(a story.Article, doc body.Doc) string {
	if a.Deck != "" {
		return a.Deck
	}
	for _, b := range doc.Blocks() {
		if b.Kind != "paragraph" || b.Text == "" {
			continue
		}
		if runes := []rune(b.Text); len(runes) > maxSummary {
			return string(runes[:maxSummary]) + "…"
		}
		return b.Text
	}
	return ""
}

// newsArticle is schema.org's NewsArticle, as far as the story holds it.
type newsArticle struct {
	Context   string `json:"@context"`
	Type      string `json:"@type"`
	Headline  string `json:"headline"`
	Language  string `json:"inLanguage"`
	Published string `json:"datePublished"`
	Modified  string `json:"dateModified"`
	Page      string `json:"mainEntityOfPage"`
	Publisher struct {
		Type string `json:"@type"`
		Name string `json:"name"`
	} `json:"publisher"`
}

func (s *Site) linked(a story.Article) newsArticle {
	n := newsArticle{
		Context:   "https://schema.org",
		Type:      "NewsArticle",
		Headline:  a.Headline,
		Language:  a.Language,
		Published: s.moment(a.Published).Machine,
		Modified:  s.moment(a.Modified).Machine,
		Page:      s.Origin.URL(articlePath(a.Number)),
	}
	n.Publisher.Type, n.Publisher.Name = "NewsMediaOrganization", s.Paper.Name
	return n
}

// reactions is the form with the four.
func (s *Site) reactions(w *theme.Words, number string, c reaction.Counts, mine reaction.Kind) theme.Reactions {
	out := theme.Reactions{Number: number}
	for i, kind := range reaction.Kinds {
		out.Kinds = append(out.Kinds, theme.Reaction{
			Kind:  string(kind),
			Name:  w.React[i],
			Count: market.FormatPrice(strconv.FormatInt(c.Of(kind), 10)),
			Mine:  kind == mine,
		})
	}
	return out
}
