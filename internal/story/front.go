package story

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sokbo/internal/body"
	"sokbo/internal/db"
	"sokbo/internal/fault"
)

// Places of a front: one lead, four seconds, and eight of 주요 뉴스.
const (
	Seconds = 4
	Mains   = 8
)

// Slot is what the desk put in a place. Exactly one of Story, URL with Text, or Text alone is set: a story of
// ours, a link to another site, a bare headline.
type Slot struct {
	Place string `json:"place"` // lead, second:1 … second:4, main:1 … main:8
	Story db.ID  `json:"story,omitempty"`
	URL   string `json:"url,omitempty"`
	Text  string `json:"text,omitempty"`
	Label string `json:"label,omitempty"` // the series label of a link or a bare headline
	Ends  int64  `json:"ends,omitempty"`  // milliseconds; 0: it stays
}

// Entry is a filled place as it is shown.
type Entry struct {
	Line          // Number is "" where the place holds no story of ours
	URL    string // set for a link to another site
	Pinned bool
}

// Front is what stands on a front page now.
type Front struct {
	Lead    *Entry
	Seconds []Entry
	// Newest are the stories that have no place of their own, the newest first.
	Newest []Line

	mains [Mains]*Entry
}

// IsSet says whether the desk, or an import, has ever placed anything on a front.
func (s *Stories) IsSet(ctx context.Context, tx *db.Tx, front string) (bool, error) {
	var set bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM front WHERE front = $1)`, front).Scan(&set)
	if err != nil {
		return false, fmt.Errorf("looking for front %s: %w", front, err)
	}
	return set, nil
}

// SetFront puts slots in force on a front, in place of all that stood there. Earlier rows stay as its history.
func (s *Stories) SetFront(ctx context.Context, tx *db.Tx, front string, slots []Slot, by db.ID) error {
	seen := map[string]bool{}
	for i := range slots {
		sl := &slots[i]
		if !isPlace(sl.Place) || seen[sl.Place] {
			return fault.New(fault.Invalid, "front-place", "there is no free place %q on a front", sl.Place)
		}
		seen[sl.Place] = true
		var err error
		for _, t := range []*string{&sl.Text, &sl.Label} {
			if *t, err = body.Line(*t); err != nil {
				return err
			}
		}
		switch {
		case sl.Story != 0 && sl.URL == "" && sl.Text == "":
		case sl.Story == 0 && sl.Text != "" && (sl.URL == "" || body.IsURL(sl.URL)):
		default:
			return fault.New(fault.Invalid, "front-slot", "the place %s holds neither a story nor a headline", sl.Place)
		}
	}
	b, err := json.Marshal(slots)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO front (front, n, at, made_by, slots)
		SELECT $1, coalesce(max(n), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT) FROM front WHERE front = $1`,
		front, db.Millis(tx.Now()), by, string(b))
	if err != nil {
		return fmt.Errorf("writing front %s: %w", front, err)
	}
	tx.Changed(FrontTag(front))
	for _, sl := range slots {
		if sl.Ends > db.Millis(tx.Now()) {
			tx.ChangesAt(db.Time(sl.Ends), FrontTag(front))
		}
	}
	return nil
}

func isPlace(p string) bool {
	if p == "lead" {
		return true
	}
	for kind, n := range map[string]int{"second:": Seconds, "main:": Mains} {
		if len(p) == len(kind)+1 && p[:len(kind)] == kind && p[len(kind)] >= '1' && int(p[len(kind)]-'0') <= n {
			return true
		}
	}
	return false
}

// newest is how many stories a front reads to fill its places and its list.
const newest = 40

// Front computes what a front shows now: the places that the desk filled, as far as their end has not come and
// their story can be seen, and the newest stories in the lead and the seconds that are empty.
func (s *Stories) Front(ctx context.Context, front, language string) (Front, error) {
	var f Front
	err := s.db.Read(ctx, func(r *db.Reader) error {
		now := s.db.Now()
		slots, err := readSlots(ctx, r, front, now)
		if err != nil {
			return err
		}
		pinned, err := linesOf(ctx, r, slots, now)
		if err != nil {
			return err
		}
		rows, err := r.Query(ctx, newestSQL, db.Millis(now), language, newest)
		if err != nil {
			return fmt.Errorf("listing the newest stories: %w", err)
		}
		list, err := lines(rows)
		if err != nil {
			return err
		}
		f = arrange(slots, pinned, list)
		return nil
	})
	return f, err
}

// Main returns the eight places of 주요 뉴스 as the page of story without shows them: pins first in their
// places, then the newest stories, never the one that is being read. Fewer come back when there are fewer.
func (f Front) Main(without string) []Entry {
	used := map[string]bool{without: true}
	for _, e := range f.mains {
		if e != nil && e.Number != "" {
			used[e.Number] = true
		}
	}
	fill := make([]Line, 0, 1+len(f.Seconds)+len(f.Newest))
	if f.Lead != nil && f.Lead.Number != "" {
		fill = append(fill, f.Lead.Line)
	}
	for _, e := range f.Seconds {
		if e.Number != "" {
			fill = append(fill, e.Line)
		}
	}
	fill = append(fill, f.Newest...)
	var out []Entry
	for _, e := range f.mains {
		if e != nil && (without == "" || e.Number != without) {
			out = append(out, *e)
			continue
		}
		for len(fill) > 0 {
			l := fill[0]
			fill = fill[1:]
			if !used[l.Number] {
				used[l.Number] = true
				out = append(out, Entry{Line: l})
				break
			}
		}
	}
	return out
}

func readSlots(ctx context.Context, r *db.Reader, front string, now time.Time) ([]Slot, error) {
	var b []byte
	err := r.QueryRow(ctx, `SELECT slots FROM front WHERE front = $1 ORDER BY n DESC LIMIT 1`, front).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading front %s: %w", front, err)
	}
	var all, inForce []Slot
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("front %s: %w", front, err)
	}
	for _, sl := range all {
		if sl.Ends == 0 || sl.Ends > db.Millis(now) {
			inForce = append(inForce, sl)
		}
	}
	return inForce, nil
}

// linesOf reads the stories that slots name, as far as they can be seen.
func linesOf(ctx context.Context, r *db.Reader, slots []Slot, now time.Time) (map[db.ID]Line, error) {
	list, args := "", []any{db.Millis(now)}
	for _, sl := range slots {
		if sl.Story == 0 {
			continue
		}
		args = append(args, sl.Story)
		if list != "" {
			list += ", "
		}
		list += "$" + strconv.Itoa(len(args))
	}
	if list == "" {
		return nil, nil
	}
	rows, err := r.Query(ctx, `
		SELECT s.id, s.number, s.first_visible, v.visible_at, v.content
		FROM story s
		JOIN version v ON v.story = s.id AND v.n = `+live+`
		WHERE s.id IN (`+list+`) AND `+shown, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the stories of a front: %w", err)
	}
	all, err := lines(rows)
	if err != nil {
		return nil, err
	}
	byID := make(map[db.ID]Line, len(all))
	for _, l := range all {
		byID[l.ID] = l
	}
	return byID, nil
}

// arrange puts the stories of list into the free places of lead and seconds and keeps the rest as the newest.
func arrange(slots []Slot, pinned map[db.ID]Line, list []Line) Front {
	var f Front
	var seconds [Seconds]*Entry
	used := map[db.ID]bool{}
	for _, sl := range slots {
		e := &Entry{Pinned: true, URL: sl.URL, Line: Line{Headline: sl.Text, Series: sl.Label}}
		if sl.Story != 0 {
			l, ok := pinned[sl.Story]
			if !ok {
				continue
			}
			e.Line = l
		}
		switch {
		case sl.Place == "lead":
			f.Lead = e
		case sl.Place[0] == 's':
			seconds[sl.Place[len(sl.Place)-1]-'1'] = e
		default:
			f.mains[sl.Place[len(sl.Place)-1]-'1'] = e
			continue // what stands in 주요 뉴스 may lead too
		}
		if e.ID != 0 {
			used[e.ID] = true
		}
	}
	next := func() *Entry {
		for len(list) > 0 {
			l := list[0]
			list = list[1:]
			if !used[l.ID] {
				return &Entry{Line: l}
			}
		}
		return nil
	}
	if f.Lead == nil {
		f.Lead = next()
	}
	for _, e := range seconds {
		if e == nil {
			e = next()
		}
		if e != nil {
			f.Seconds = append(f.Seconds, *e)
		}
	}
	for e := next(); e != nil; e = next() {
		f.Newest = append(f.Newest, e.Line)
	}
	return f
}
