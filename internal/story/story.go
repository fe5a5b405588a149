// Package story keeps what a newspaper publishes: stories, their versions, and the order of its front.
//
// A story is a row that never moves and a chain of versions that never changes. What a reader sees is computed
// from the clock when it is asked for: the live version is the newest one that is not void and whose moment has
// come. So a scheduled story appears on time even if nothing runs at that time, and one that may not be seen yet
// is in no list and behind no address.
//
// Each edit happens inside a caller's transaction and names in the change log what it changed, by the tags
// [Tag], [ListTag] and [FrontTag]. Nothing is announced before the commit.
package story

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/fault"
)

// Tag names everything that shows a story.
func Tag(number string) string { return "story:" + number }

// ListTag names every list of a language's newest stories.
func ListTag(language string) string { return "list:" + language }

// FrontTag names everything that shows what the desk placed on a front.
func FrontTag(front string) string { return "front:" + front }

// Stories reads and writes the stories of one database.
type Stories struct{ db *db.DB }

func New(d *db.DB) *Stories { return &Stories{db: d} }

// Ref is what a story is known by: ID inside, Number in its address for ever.
type Ref struct {
	ID     db.ID
	Number string
}

// Article is a story at its live version.
type Article struct {
	Ref
	Content
	// Published is the first moment of visibility (입력), Modified that of the live version (수정).
	Published, Modified time.Time
	N                   int64 // the live version
	Hash                Hash
}

// Version is one step of a story's history.
type Version struct {
	N                 int64
	VisibleAt, MadeAt time.Time
	Kind, Note        string
	// Content is nil when it was taken down, and for a version that is void: it was never seen.
	Content     *Content
	ContentHash Hash
	Hash        Hash
	Void        bool

	stored []byte
}

// Line is a story as lists show it.
type Line struct {
	Ref
	Language, Label, Headline, Deck, Series, Byline string
	Published, Modified                             time.Time
}

var (
	errNotFound = fault.New(fault.NotFound, "story-not-found", "there is no such story")
	errGone     = fault.New(fault.Gone, "story-withdrawn", "the story has been withdrawn")
)

// SQL that reads stories as they are at $1: the n of the live version, the condition that a list may show it,
// and the newest of a language.
const (
	live = `(SELECT max(l.n) FROM version l WHERE l.story = s.id AND l.void IS NULL AND l.visible_at <= $1)`

	shown = `s.first_visible <= $1 AND (s.withdrawn_at IS NULL OR s.withdrawn_at > $1) AND v.content IS NOT NULL`

	newestSQL = `
		SELECT s.id, s.number, s.first_visible, v.visible_at, v.content
		FROM story s
		JOIN version v ON v.story = s.id AND v.n = ` + live + `
		WHERE s.language = $2 AND ` + shown + `
		ORDER BY s.first_visible DESC, s.id DESC
		LIMIT $3`
)

// IsNumber says whether s has the form of a story's number.
func IsNumber(s string) bool {
	if len(s) != 10 || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Article returns the story with this number at its live version, in one query. The fault is NotFound where
// there is none or it is not visible yet, and Gone where it was withdrawn.
func (s *Stories) Article(ctx context.Context, number string) (Article, error) {
	if !IsNumber(number) {
		return Article{}, errNotFound
	}
	a := Article{Ref: Ref{Number: number}}
	now := db.Millis(s.db.Now())
	var first, visible int64
	var withdrawn sql.NullInt64
	var content, hash []byte
	err := s.db.QueryRow(ctx, `
		SELECT s.id, s.first_visible, s.withdrawn_at, v.n, v.visible_at, v.content, v.hash
		FROM story s
		JOIN version v ON v.story = s.id AND v.n = `+live+`
		WHERE s.number = $2 AND s.first_visible <= $1`, now, number).
		Scan(&a.ID, &first, &withdrawn, &a.N, &visible, &content, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Article{}, errNotFound
	case err != nil:
		return Article{}, fmt.Errorf("reading story %s: %w", number, err)
	case withdrawn.Valid && withdrawn.Int64 <= now:
		return Article{}, errGone
	case content == nil:
		return Article{}, errGone
	}
	if a.Content, err = decode(content); err != nil {
		return Article{}, fmt.Errorf("story %s, version %d: %w", number, a.N, err)
	}
	a.Published, a.Modified = db.Time(first), db.Time(visible)
	copy(a.Hash[:], hash)
	return a, nil
}

// State is where a story stands now, without its text.
type State struct {
	Ref
	N        int64 // the live version
	Modified time.Time
}

// Find returns where a story stands, if readers can see it. The faults are those of [Stories.Article]; that of a
// withdrawn story comes with its state.
func (s *Stories) Find(ctx context.Context, number string) (State, error) {
	if !IsNumber(number) {
		return State{}, errNotFound
	}
	now := db.Millis(s.db.Now())
	st := State{Ref: Ref{Number: number}}
	var visible int64
	var withdrawn sql.NullInt64
	err := s.db.QueryRow(ctx, `
		SELECT s.id, s.withdrawn_at, v.n, v.visible_at
		FROM story s
		JOIN version v ON v.story = s.id AND v.n = `+live+`
		WHERE s.number = $2 AND s.first_visible <= $1`, now, number).
		Scan(&st.ID, &withdrawn, &st.N, &visible)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return State{}, errNotFound
	case err != nil:
		return State{}, fmt.Errorf("finding story %s: %w", number, err)
	}
	st.Modified = db.Time(visible)
	if withdrawn.Valid && withdrawn.Int64 <= now {
		return st, errGone
	}
	return st, nil
}

// History returns a story and all its versions that were seen or are void, the newest first.
func (s *Stories) History(ctx context.Context, number string) (Article, []Version, error) {
	a, err := s.Article(ctx, number)
	if err != nil {
		return a, nil, err
	}
	all, err := versions(ctx, s.db, a.ID)
	if err != nil {
		return a, nil, err
	}
	now := s.db.Now()
	var seen []Version
	for i := len(all) - 1; i >= 0; i-- {
		v := all[i]
		if v.Void {
			v.Content, v.Kind, v.Note, v.stored = nil, "", "", nil
		} else if v.VisibleAt.After(now) {
			continue
		}
		seen = append(seen, v)
	}
	return a, seen, nil
}

// Check recomputes a story's chain and returns the first fault that it finds.
func (s *Stories) Check(ctx context.Context, r Ref) error { return s.CheckIn(ctx, s.db, r) }

// CheckIn is Check inside a transaction or a snapshot.
func (s *Stories) CheckIn(ctx context.Context, q Querier, r Ref) error {
	all, err := versions(ctx, q, r.ID)
	if err != nil {
		return err
	}
	return Verify(r.Number, all)
}

// Newest returns the visible stories of a language, the newest first.
func (s *Stories) Newest(ctx context.Context, language string, limit int) ([]Line, error) {
	rows, err := s.db.Query(ctx, newestSQL, db.Millis(s.db.Now()), language, limit)
	if err != nil {
		return nil, fmt.Errorf("listing the newest stories: %w", err)
	}
	return lines(rows)
}

// lines reads and closes rows of id, number, first_visible, visible_at, content.
func lines(rows *sql.Rows) ([]Line, error) {
	defer rows.Close()
	var all []Line
	for rows.Next() {
		var l Line
		var first, visible int64
		var content []byte
		if err := rows.Scan(&l.ID, &l.Number, &first, &visible, &content); err != nil {
			return nil, err
		}
		c, err := decodeHead(content)
		if err != nil {
			return nil, fmt.Errorf("story %s: %w", l.Number, err)
		}
		l.Language, l.Label, l.Headline, l.Deck, l.Series, l.Byline = c.Language, c.Label, c.Headline, c.Deck, c.Series, c.Byline
		l.Published, l.Modified = db.Time(first), db.Time(visible)
		all = append(all, l)
	}
	return all, rows.Err()
}

// Querier is a database, a snapshot of it or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (*sql.Rows, error)
}

func versions(ctx context.Context, q Querier, story db.ID) ([]Version, error) {
	rows, err := q.Query(ctx, `
		SELECT n, visible_at, made_at, kind, note, content, content_hash, hash, void
		FROM version WHERE story = $1 ORDER BY n`, story)
	if err != nil {
		return nil, fmt.Errorf("reading versions: %w", err)
	}
	defer rows.Close()
	var all []Version
	for rows.Next() {
		var v Version
		var visible, made int64
		var void sql.NullInt64
		var contentHash, hash []byte
		if err := rows.Scan(&v.N, &visible, &made, &v.Kind, &v.Note, &v.stored, &contentHash, &hash, &void); err != nil {
			return nil, err
		}
		v.VisibleAt, v.MadeAt, v.Void = db.Time(visible), db.Time(made), void.Valid
		copy(v.ContentHash[:], contentHash)
		copy(v.Hash[:], hash)
		if v.stored != nil {
			c, err := decode(v.stored)
			if err != nil {
				return nil, fmt.Errorf("version %d: %w", v.N, err)
			}
			v.Content = &c
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// newNumber draws a story's number: ten digits, not starting with 0, so that nobody can guess how many stories
// there are or what comes next.
func newNumber() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(9_000_000_000))
	if err != nil {
		return "", err
	}
	return fmt.Sprint(n.Int64() + 1_000_000_000), nil
}

func hashOf(content []byte) Hash { return sha256.Sum256(content) }
