package site

import (
	"errors"
	"net/http"

	"sokbo/internal/fault"
	"sokbo/internal/reaction"
	"sokbo/internal/site/theme"
	"sokbo/internal/story"
	"sokbo/internal/web"
)

// React makes kind the reaction of the reader who sent r, and gives a reader who has none yet a cookie with the
// first reaction that is accepted. It is the one way in for forms and programs.
func (s *Site) React(w http.ResponseWriter, r *http.Request, st story.State, kind reaction.Kind) (reaction.Counts, error) {
	reader, known := s.Reader(r)
	if !known {
		if kind == reaction.None {
			return s.Reactions.Counts(r.Context(), st.ID) // nothing of theirs is there to take back
		}
		reader = reaction.NewReader()
	}
	counts, err := s.Reactions.Set(r.Context(), st.ID, reader, web.Address(r), kind)
	s.hub.Refresh(articleTopic(st.Number))
	if err != nil {
		return counts, err
	}
	if !known {
		s.Origin.SetCookie(w, http.Cookie{Name: readerCookie, Value: reader.Token(), HttpOnly: true, MaxAge: cookieAge})
	}
	return counts, nil
}

const (
	readerCookie = "reader"
	cookieAge    = 400 * 24 * 60 * 60 // seconds; browsers cap it there
)

// Reader is who sent r, if this browser has ever reacted.
func (s *Site) Reader(r *http.Request) (reaction.Reader, bool) {
	return reaction.ParseToken(s.Origin.Cookie(r, readerCookie))
}

// react takes the form.
func (s *Site) react(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return formFault(err)
	}
	kind, err := reaction.ParseKind(r.PostForm.Get("reaction"))
	if err != nil {
		return err
	}
	st, err := s.Stories.Find(r.Context(), r.PathValue("number"))
	if err != nil {
		return err
	}
	if _, err := s.React(w, r, st, kind); err != nil {
		return err
	}
	http.Redirect(w, r, articlePath(st.Number)+"/reaction", http.StatusSeeOther)
	return nil
}

// formFault says that a form could not be read; what is too large stays that.
func formFault(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return fault.Wrap(err, fault.Invalid, "form", "the form could not be read; go back and send it again")
}

// ownReaction is the reader's private page on a story.
func (s *Site) ownReaction(w http.ResponseWriter, r *http.Request) error {
	a, err := s.Stories.Article(r.Context(), r.PathValue("number"))
	if err != nil {
		return err
	}
	counts, err := s.Reactions.Counts(r.Context(), a.ID)
	if err != nil {
		return err
	}
	mine := reaction.None
	if reader, known := s.Reader(r); known {
		if mine, err = s.Reactions.Mine(r.Context(), a.ID, reader); err != nil {
			return err
		}
	}
	words := s.wordsOf(a.Language)
	p := theme.ReactionPage{
		Frame:      s.frame(words, s.prefs(r)),
		ArticleURL: articlePath(a.Number),
		Headline:   a.Headline,
		Reactions:  s.reactions(words, a.Number, counts, mine),
		Chosen:     mine != reaction.None,
	}
	p.Private = true
	p.Heading = words.ReactionNone
	for i, kind := range reaction.Kinds {
		if kind == mine {
			p.Heading = theme.Fill(words.ReactionMine, "name", words.React[i])
		}
	}
	p.Title = words.ReactionTitle + " | " + s.Paper.Name
	p.Path = articlePath(a.Number) + "/reaction"
	return s.own(w, p)
}
