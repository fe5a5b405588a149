package site

import (
	"context"
	"net/http"
	"strconv"

	"sokbo/internal/body"
	"sokbo/internal/site/theme"
	"sokbo/internal/story"
)

// history renders the public list of what changed in a story, the newest version first.
func (s *Site) history(ctx context.Context, r *http.Request) (rendering, error) {
	a, versions, err := s.Stories.History(ctx, r.PathValue("number"))
	if err != nil {
		return rendering{}, err
	}
	w := s.wordsOf(a.Language)
	p := theme.HistoryPage{
		Frame:      s.frame(w, theme.DefaultPrefs),
		ArticleURL: articlePath(a.Number),
		Headline:   a.Headline,
	}
	p.Heading = theme.Fill(w.History.Title, "headline", a.Headline)
	p.Title = p.Heading + " | " + s.Paper.Name
	p.Path = articlePath(a.Number) + "/history"
	p.Canonical = s.Origin.URL(p.Path)

	seen := 0
	for i, v := range versions {
		shown, err := s.version(w, v, before(versions[i+1:]))
		if err != nil {
			return rendering{}, err
		}
		p.Versions = append(p.Versions, shown)
		if !v.Void {
			seen++
		}
	}
	switch seen {
	case 1:
		p.Summary = w.History.Never
	case 2:
		p.Summary = w.History.Once
	default:
		p.Summary = theme.Fill(w.History.Times, "n", strconv.Itoa(seen-1))
	}
	p.Description = p.Summary
	return rendering{p, []string{story.Tag(a.Number)}}, nil
}

// before is the newest of older versions whose content can be compared with.
func before(older []story.Version) *story.Content {
	for _, v := range older {
		if v.Content != nil {
			return v.Content
		}
	}
	return nil
}

func (s *Site) version(w *theme.Words, v story.Version, before *story.Content) (theme.Version, error) {
	out := theme.Version{
		N:    v.N,
		Name: theme.Fill(w.History.Version, "n", strconv.FormatInt(v.N, 10)),
		Kind: v.Kind,
		Note: v.Note,
		Hash: v.Hash.String(),
		Void: v.Void,
	}
	if v.Void {
		out.Kind, out.Note = w.History.Void, w.History.VoidNote
		return out, nil
	}
	at := s.moment(v.VisibleAt)
	out.Time = &at
	if out.Kind == "" {
		out.Kind = w.History.Changed
		if before == nil {
			out.Kind = w.History.First
		}
	}
	switch {
	case v.Content == nil:
		out.Note = w.History.TakenDown
	case before != nil:
		changes, same, err := changes(w, *before, *v.Content)
		if err != nil {
			return out, err
		}
		out.Changes = changes
		if len(changes) == 0 {
			out.Unchanged = w.History.NoChange
		} else if same > 0 {
			out.Unchanged = theme.Fill(w.History.Unchanged, "n", strconv.Itoa(same))
		}
	}
	return out, nil
}

// changes compares two contents: first the lines around the text, then its blocks. Same is how many blocks of
// the text stayed as they were.
func changes(w *theme.Words, old, new story.Content) (all []theme.Change, same int, err error) {
	for _, f := range []struct{ name, old, new string }{
		{w.History.Label, old.Label, new.Label},
		{w.History.Headline, old.Headline, new.Headline},
		{w.History.Series, old.Series, new.Series},
		{w.History.Deck, old.Deck, new.Deck},
		{w.History.Byline, old.Byline, new.Byline},
	} {
		if f.old != f.new {
			all = append(all, theme.Change{Field: f.name, Spans: spans(body.DiffText(f.old, f.new))})
		}
	}
	oldDoc, err := old.Doc()
	if err != nil {
		return nil, 0, err
	}
	newDoc, err := new.Doc()
	if err != nil {
		return nil, 0, err
	}
	for _, d := range body.Diff(oldDoc, newDoc) {
		if d.Op == body.Same && !d.Markup && !d.Moved {
			same++
			continue
		}
		c := theme.Change{Spans: spans(d.Spans)}
		if d.Kind == "figure" {
			c.Field = w.History.Figure
		}
		all = append(all, c)
	}
	return all, same, nil
}

func spans(in []body.Span) []theme.Span {
	out := make([]theme.Span, len(in))
	for i, sp := range in {
		out[i].Text = sp.Text
		switch sp.Op {
		case body.Added:
			out[i].Op = theme.Added
		case body.Removed:
			out[i].Op = theme.Removed
		}
	}
	return out
}
