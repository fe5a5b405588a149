package reaction

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"sokbo/internal/db"
)

const (
	// Only for PostgreSQL. It keeps the plan that it made of a statement when the tables were small, and would scan
	// them when they have grown a thousand times: measured at 100,000 rows, a quarter of the rate. So for this transaction it may
	// not scan, and that is said here because it costs no round trip of its own.
	holdStories db.BatchSQL = `
		INSERT INTO reaction_sum (story, kind, n)
		{rows}
		ON CONFLICT (story, kind) DO UPDATE SET n = reaction_sum.n
		RETURNING set_config('enable_seqscan', 'off', true)`

	readSums db.BatchSQL = `
		WITH k (story) AS ({rows})
		SELECT s.story, s.kind, s.n
		FROM k
		JOIN reaction_sum AS s ON s.story = k.story`

	// The rows of a batch and the sums of its stories at once: each query is a round trip.
	readBatch db.BatchSQL = `
		WITH k (story, reader) AS ({rows})
		SELECT r.story, r.reader, r.kind, 0
		FROM k
		JOIN reaction AS r ON r.story = k.story AND r.reader = k.reader
		UNION ALL
		SELECT s.story, NULL, s.kind, s.n
		FROM reaction_sum AS s
		WHERE s.story IN (SELECT k.story FROM k)`

	putRows db.BatchSQL = `
		INSERT INTO reaction (story, reader, kind, at)
		{rows}
		ON CONFLICT (story, reader) DO UPDATE SET kind = excluded.kind, at = excluded.at`

	dropRows db.BatchSQL = `
		WITH k (story, reader) AS ({rows})
		DELETE FROM reaction
		WHERE (story, reader) IN (SELECT story, reader FROM k)`

	putSums db.BatchSQL = `
		INSERT INTO reaction_sum (story, kind, n)
		{rows}
		ON CONFLICT (story, kind) DO UPDATE SET n = excluded.n`
)

// hold makes the batches that touch a story wait for each other, so that what one reads is still true when it
// writes. On PostgreSQL another node may be at the same story: the batches of both begin with the same row, and
// go through their stories in the same order. On SQLite the writer is alone.
func hold(ctx context.Context, tx *db.Tx, d db.Dialect, rows []row) error {
	if d == db.SQLite {
		return nil
	}
	stories, _ := columns(rows)
	stories = slices.Compact(stories)
	first := slices.Repeat([]string{string(Kinds[0])}, len(stories))
	return tx.Batch(ctx, holdStories, stories, first, make([]int64, len(stories)))
}

// A querier is a transaction, or the database outside of one.
type querier interface {
	QueryBatch(ctx context.Context, s db.BatchSQL, cols ...any) (*sql.Rows, error)
}

// sums reads the counts of stories. One that nobody ever reacted to is not in the map.
func sums(ctx context.Context, q querier, stories []db.ID) (map[db.ID]Counts, error) {
	all := make(map[db.ID]Counts, len(stories))
	for some := range slices.Chunk(stories, MaxBatch) {
		r, err := q.QueryBatch(ctx, readSums, some)
		err = scan(r, err, func() error {
			var story db.ID
			var kind Kind
			var n int64
			err := r.Scan(&story, &kind, &n)
			all[story] = all[story].with(kind, n)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reaction: read counts: %w", err)
		}
	}
	return all, nil
}

// read returns a ledger of the reactions that rows name and of their stories' counts, as they are.
func read(ctx context.Context, tx *db.Tx, rows []row) (*ledger, error) {
	l := &ledger{was: make(map[row]Kind, len(rows)), before: make(map[db.ID]Counts)}
	stories, readers := columns(rows)
	r, err := tx.QueryBatch(ctx, readBatch, stories, readers)
	err = scan(r, err, func() error {
		var at row
		var reader []byte
		var kind Kind
		var n int64
		err := r.Scan(&at.story, &reader, &kind, &n)
		if reader == nil {
			l.before[at.story] = l.before[at.story].with(kind, n)
		} else {
			copy(at.reader[:], reader)
			l.was[at] = kind
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reaction: read a batch: %w", err)
	}
	return l, nil
}

// scan calls each for every row of a query, and closes it.
func scan(r *sql.Rows, err error, each func() error) error {
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		if err := each(); err != nil {
			return err
		}
	}
	return r.Err()
}

// write brings the tables from what the ledger read to what it holds.
func (l *ledger) write(ctx context.Context, tx *db.Tx, rows []row) error {
	var put, drop []row
	var kinds []string
	for _, r := range rows {
		switch k := l.is[r]; {
		case k == l.was[r]:
		case k == None:
			drop = append(drop, r)
		default:
			put, kinds = append(put, r), append(kinds, string(k))
		}
	}
	stories, readers := columns(put)
	at := slices.Repeat([]int64{db.Millis(tx.Now())}, len(put))
	if err := tx.Batch(ctx, putRows, stories, readers, kinds, at); err != nil {
		return err
	}
	stories, readers = columns(drop)
	if err := tx.Batch(ctx, dropRows, stories, readers); err != nil {
		return err
	}

	var of []db.ID
	var n []int64
	kinds = nil
	for _, id := range l.changed() {
		for _, k := range Kinds {
			if now := l.sums[id].Of(k); now != l.before[id].Of(k) {
				of, kinds, n = append(of, id), append(kinds, string(k)), append(n, now)
			}
		}
	}
	return tx.Batch(ctx, putSums, of, kinds, n)
}

// columns turns rows into what a batch takes.
func columns(rows []row) (stories []db.ID, readers [][]byte) {
	for _, r := range rows {
		stories = append(stories, r.story)
		readers = append(readers, slices.Clone(r.reader[:]))
	}
	return stories, readers
}
