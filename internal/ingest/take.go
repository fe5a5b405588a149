package ingest

import (
	"context"
	"fmt"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/market"
	"sokbo/internal/story"
)

// Options say how a page is taken into the newspaper.
type Options struct {
	Rail     bool      // its lists become the first front, and its boards stand until a feed has prices
	Captured time.Time // when the page was saved; zero: not known
}

// Result says what became of a page.
type Result struct {
	story.Ref
	Outcome story.Outcome
	Rail    bool // its lists were taken too
	Kept    bool // they were not, since its front is not empty
}

// Take publishes a page, in one transaction: all of it or nothing. A page that tells only 수정 was published then;
// one that tells neither, when it is taken.
func Take(ctx context.Context, d *db.DB, stories *story.Stories, p Page, o Options) (Result, error) {
	var r Result
	published := p.Published
	if published.IsZero() {
		published = p.Modified
	}
	err := d.Write(ctx, func(tx *db.Tx) (err error) {
		r = Result{}
		r.Ref, r.Outcome, err = stories.Import(ctx, tx, p.Identity(), p.content(), published, p.Modified)
		if err != nil || !o.Rail || !p.hasRail() || r.Outcome == story.Refused || r.Outcome == story.Older {
			return err
		}
		front := p.Language
		set, err := stories.IsSet(ctx, tx, front)
		if err != nil || set {
			r.Kept = set
			return err
		}
		r.Rail = true
		if err := stories.SetFront(ctx, tx, front, p.slots(r.ID), 0); err != nil {
			return err
		}
		return p.setBoards(ctx, tx, o.Captured)
	})
	if err != nil {
		return Result{}, fmt.Errorf("taking the page: %w", err)
	}
	return r, nil
}

// hasRail says whether lists stood beside the article.
func (p Page) hasRail() bool {
	return len(p.MainNews) > 0 || p.Rising.Present || len(p.Crypto.Rows) > 0
}

func (p Page) content() story.Content {
	return story.Content{
		Language: p.Language,
		Label:    p.Label,
		Headline: p.Headline,
		Deck:     p.Deck,
		Series:   p.Series,
		Byline:   p.Byline,
		Body:     p.Body.Bytes(),
	}
}

// slots are the front of the page: the story leads, and what its main news printed stands as bare headlines.
func (p Page) slots(id db.ID) []story.Slot {
	all := []story.Slot{{Place: "lead", Story: id}}
	for i, n := range p.MainNews[:min(len(p.MainNews), story.Mains)] {
		all = append(all, story.Slot{Place: fmt.Sprintf("main:%d", i+1), Text: n.Text, Label: n.Series})
	}
	return all
}

func (p Page) setBoards(ctx context.Context, tx *db.Tx, captured time.Time) error {
	var at *time.Time
	if !captured.IsZero() {
		at = &captured
	}
	set := func(board, note string, rows []Row) error {
		return market.SetStated(ctx, tx, market.Stated{Board: board, Note: note, Rows: stated(board, rows), Captured: at})
	}
	if len(p.Crypto.Rows) > 0 {
		footnote := p.Crypto.Footnote
		if len(footnote) > market.MaxStatedText {
			footnote = "" // no page's board fails over its small print
		}
		if err := set(market.Crypto, footnote, p.Crypto.Rows); err != nil {
			return err
		}
	}
	if p.Rising.Present {
		return set(market.Movers, p.Rising.Note, p.Rising.Rows)
	}
	return nil
}

// stated makes rows of a board of the printed ones. Of two under one name the first counts.
func stated(board string, rows []Row) []market.StatedRow {
	var all []market.StatedRow
	seen := map[string]bool{}
	for _, r := range rows {
		key := market.KeyOf(board, r.Name)
		if seen[key] || len(all) == market.MaxStatedRows {
			continue
		}
		seen[key] = true
		all = append(all, market.StatedRow{Key: key, Name: r.Name, Price: r.Price, Rate: r.percentage()})
	}
	return all
}
