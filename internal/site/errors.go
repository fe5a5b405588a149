package site

import (
	"context"
	"net/http"
	"strings"
	"time"

	"sokbo/internal/site/theme"
	"sokbo/internal/story"
	"sokbo/internal/web"
)

const (
	errorStories  = 5           // that an error page offers
	errorPatience = time.Second // for reading them: an error page must come even if the database does not
)

var problems = map[int]theme.Problem{
	http.StatusForbidden:             theme.Forbidden,
	http.StatusNotFound:              theme.NotFound,
	http.StatusGone:                  theme.Gone,
	http.StatusRequestEntityTooLarge: theme.TooLarge,
	http.StatusTooManyRequests:       theme.TooMany,
	http.StatusInsufficientStorage:   theme.Full,
	http.StatusServiceUnavailable:    theme.Unavailable,
}

// ErrorPage says in the site's design what is wrong and what to do, and offers the newest stories where the
// database answers.
func (s *Site) ErrorPage(r *http.Request, f web.Failure) ([]byte, error) {
	words := s.words()
	if first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); theme.In(first) != nil {
		words = theme.In(first)
	}
	problem, ok := problems[f.Status]
	switch {
	case ok:
	case f.Status >= 500:
		problem = theme.Broken
	default:
		problem = theme.Bad
	}
	text := words.Errors[problem]
	p := theme.ErrorPage{Frame: s.frame(words, s.prefs(r)), Status: f.Status, Do: text.Do}
	p.Private = true
	p.Heading = text.Title
	p.Title = text.Title + " | " + s.Paper.Name
	if f.ID != "" {
		p.ID = theme.Fill(words.ErrorID, "id", f.ID)
	}
	ctx, cancel := context.WithTimeout(r.Context(), errorPatience)
	defer cancel()
	newest, err := s.Stories.Newest(ctx, words.Language, errorStories)
	if err == nil { // a page about one error does not fail over another
		for _, l := range newest {
			h := s.headline(story.Entry{Line: l})
			h.Summary = ""
			p.Newest = append(p.Newest, h)
		}
	}
	return s.theme.Render(p)
}
