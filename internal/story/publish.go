package story

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sokbo/internal/body"
	"sokbo/internal/db"
	"sokbo/internal/fault"
)

// Create makes a story without a version; nobody sees it before Publish. Source is the identity of an imported
// story ("" for one of our own).
func (s *Stories) Create(ctx context.Context, tx *db.Tx, language, source string) (Ref, error) {
	for {
		number, err := newNumber()
		if err != nil {
			return Ref{}, fmt.Errorf("drawing a story number: %w", err)
		}
		var taken bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM story WHERE number = $1)`, number).Scan(&taken); err != nil {
			return Ref{}, fmt.Errorf("looking for story number %s: %w", number, err)
		}
		if taken {
			continue
		}
		r := Ref{ID: tx.NewID(), Number: number}
		_, err = tx.Exec(ctx, `
			INSERT INTO story (id, number, source, language, first_visible)
			VALUES ($1, $2, $3, $4, $5)`, r.ID, number, sql.NullString{String: source, Valid: source != ""}, language, never)
		if err != nil {
			return Ref{}, fmt.Errorf("creating a story: %w", err)
		}
		return r, nil
	}
}

// never is the first moment of visibility of a story that has no version yet.
const never = int64(1)<<62 - 1

// Publish makes content the next version of a story, visible from at on, or from tx.Now if at is zero, and
// returns its n. Base is the newest version that the author saw (0 for none): the fault is Conflict with code
// "story-version" if another one came meanwhile. A version that was scheduled and has not been seen becomes void:
// the new one takes its place. Publish changes nothing when it fails.
func (s *Stories) Publish(ctx context.Context, tx *db.Tx, story db.ID, base int64, c Content, at time.Time, by db.ID) (int64, error) {
	head, err := readHead(ctx, tx, story)
	if err != nil {
		return 0, err
	}
	if head.n != base {
		return 0, fault.New(fault.Conflict, "story-version", "version %d came after the one that was edited (%d); look at it and publish again", head.n, base)
	}
	if at.IsZero() {
		at = tx.Now()
	}
	if c, err = c.normal(); err != nil {
		return 0, err
	}
	return s.append(ctx, tx, head, c, at, at, by)
}

// Withdraw takes a story from the readers; its address answers 410 from now on.
func (s *Stories) Withdraw(ctx context.Context, tx *db.Tx, story db.ID) error {
	head, err := readHead(ctx, tx, story)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE story SET withdrawn_at = $1 WHERE id = $2`, db.Millis(tx.Now()), story); err != nil {
		return fmt.Errorf("withdrawing story %s: %w", head.Number, err)
	}
	tx.Changed(Tag(head.Number), ListTag(head.language))
	return nil
}

// Outcome says what an import did with a page.
type Outcome uint8

const (
	Taken     Outcome = iota // a new story
	Changed                  // a new version of a story that was there
	Unchanged                // the page was there already
	Older                    // its 수정 is older than the newest version's: not taken
	Refused                  // the story has been withdrawn: not taken
)

// Import makes a page of another system a published story. It keeps published and modified of its source; the
// identity source decides whether it is new. A page that tells no published has the time of its import. Of a page that was there with another text it makes a new version,
// and gives the blocks that stayed alike their ids of before, so that the change can be shown.
func (s *Stories) Import(ctx context.Context, tx *db.Tx, source string, c Content, published, modified time.Time) (Ref, Outcome, error) {
	if source == "" {
		return Ref{}, 0, errors.New("story: an import without identity")
	}
	dated := !published.IsZero()
	if !dated {
		published = tx.Now()
	}
	if modified.Before(published) {
		modified = published
	}
	c, err := c.normal()
	if err != nil {
		return Ref{}, 0, err
	}
	var id db.ID
	err = tx.QueryRow(ctx, `SELECT id FROM story WHERE source = $1`, source).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		r, err := s.Create(ctx, tx, c.Language, source)
		if err != nil {
			return Ref{}, 0, err
		}
		_, err = s.append(ctx, tx, head{Ref: r, language: c.Language, first: never}, c, published, modified, 0)
		return r, Taken, err
	}
	if err != nil {
		return Ref{}, 0, fmt.Errorf("looking for an imported story: %w", err)
	}
	h, err := readHead(ctx, tx, id)
	if err != nil {
		return Ref{}, 0, err
	}
	if h.withdrawn {
		return h.Ref, Refused, nil
	}
	if h.n == 0 {
		_, err = s.append(ctx, tx, h, c, published, modified, 0)
		return h.Ref, Taken, err
	}
	var content []byte
	if err := tx.QueryRow(ctx, `SELECT content FROM version WHERE story = $1 AND n = $2`, id, h.n).Scan(&content); err != nil {
		return Ref{}, 0, fmt.Errorf("reading version %d of story %s: %w", h.n, h.Number, err)
	}
	before, err := decode(content)
	if err != nil {
		return Ref{}, 0, fmt.Errorf("version %d of story %s: %w", h.n, h.Number, err)
	}
	old, err := before.Doc()
	if err != nil {
		return Ref{}, 0, err
	}
	now, err := c.Doc()
	if err != nil {
		return Ref{}, 0, err
	}
	c.Body = body.Rekey(old, now).Bytes()
	b, err := c.encode()
	if err != nil {
		return Ref{}, 0, err
	}
	switch {
	case hashOf(b) == h.contentHash && (!dated || !modified.After(h.visible)):
		return h.Ref, Unchanged, nil
	case modified.Before(h.visible):
		return h.Ref, Older, nil
	}
	_, err = s.append(ctx, tx, h, c, h.firstTime(), modified, 0)
	return h.Ref, Changed, err
}

// head is the newest version of a story, seen or not.
type head struct {
	Ref
	language    string
	first       int64
	withdrawn   bool
	n           int64 // 0: there is none
	visible     time.Time
	void        bool
	contentHash Hash
	hash        Hash
}

func (h head) firstTime() time.Time { return db.Time(h.first) }

func readHead(ctx context.Context, tx *db.Tx, story db.ID) (head, error) {
	h := head{Ref: Ref{ID: story}}
	var withdrawn, n, visible, void sql.NullInt64
	var contentHash, hash []byte
	err := tx.QueryRow(ctx, `
		SELECT s.number, s.language, s.first_visible, s.withdrawn_at, v.n, v.visible_at, v.void, v.content_hash, v.hash
		FROM story s
		LEFT JOIN version v ON v.story = s.id AND v.n = (SELECT max(l.n) FROM version l WHERE l.story = s.id)
		WHERE s.id = $1`, story).
		Scan(&h.Number, &h.language, &h.first, &withdrawn, &n, &visible, &void, &contentHash, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return h, errNotFound
	}
	if err != nil {
		return h, fmt.Errorf("reading the newest version of story %s: %w", story, err)
	}
	h.withdrawn, h.n, h.visible, h.void = withdrawn.Valid, n.Int64, db.Time(visible.Int64), void.Valid
	copy(h.contentHash[:], contentHash)
	copy(h.hash[:], hash)
	return h, nil
}

// append writes the next version. c is in normal form.
func (s *Stories) append(ctx context.Context, tx *db.Tx, h head, c Content, first, at time.Time, by db.ID) (int64, error) {
	now := tx.Now()
	if h.n > 0 && h.visible.After(now) && !h.void {
		if _, err := tx.Exec(ctx, `UPDATE version SET void = $1 WHERE story = $2 AND n = $3`, db.Millis(now), h.ID, h.n); err != nil {
			return 0, fmt.Errorf("voiding version %d of story %s: %w", h.n, h.Number, err)
		}
	}
	content, err := c.encode()
	if err != nil {
		return 0, err
	}
	n, sum := h.n+1, hashOf(content)
	hash := Link(h.hash, h.Number, n, at, now, sum)
	_, err = tx.Exec(ctx, `
		INSERT INTO version (story, n, visible_at, made_at, made_by, kind, note, content, content_hash, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		h.ID, n, db.Millis(at), db.Millis(now), by, c.Kind, c.Note, string(content), sum[:], hash[:])
	if err != nil {
		return 0, fmt.Errorf("writing version %d of story %s: %w", n, h.Number, err)
	}
	// A story that was seen keeps its first moment; one that was only scheduled takes the new one.
	if h.first > db.Millis(now) {
		if _, err := tx.Exec(ctx, `UPDATE story SET first_visible = $1 WHERE id = $2`, db.Millis(first), h.ID); err != nil {
			return 0, fmt.Errorf("dating story %s: %w", h.Number, err)
		}
	}
	tags := []string{Tag(h.Number), ListTag(h.language)}
	tx.Changed(tags...)
	if at.After(now) {
		tx.ChangesAt(at, tags...)
	}
	if first.After(now) && !first.Equal(at) {
		tx.ChangesAt(first, tags...)
	}
	return n, nil
}
