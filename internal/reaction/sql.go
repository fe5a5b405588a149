package reaction

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sokbo/internal/db"
)

// hold makes the batches of a story wait for each other. On PostgreSQL another node may commit at the same time:
// the one row that every batch of a story touches first keeps it out, so that what is read after it is still true
// when it is written. On SQLite the writer is alone.
func hold(ctx context.Context, tx *db.Tx, dialect db.Dialect, stories []db.ID) error {
	if dialect == db.SQLite {
		return nil
	}
	ids := make([]int64, len(stories))
	for i, s := range stories {
		ids[i] = int64(s)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO reaction_sum (story, kind, n)
		SELECT story, 'like', 0 FROM unnest(CAST($1 AS BIGINT[])) AS k (story)
		ON CONFLICT (story, kind) DO UPDATE SET n = reaction_sum.n`, ids)
	return err
}

// kinds reads the reactions that rows name, which are sorted. A row that is not in the table is not in the map.
func kinds(ctx context.Context, tx *db.Tx, dialect db.Dialect, rows []row) (map[row]Kind, error) {
	held := make(map[row]Kind, len(rows))
	read := func(r *sql.Rows) error {
		var at row
		var reader []byte
		var k Kind
		if err := r.Scan(&at.story, &reader, &k); err != nil {
			return err
		}
		copy(at.reader[:], reader)
		held[at] = k
		return nil
	}
	if dialect == db.PostgreSQL {
		stories, readers := columns(rows)
		return held, scan(ctx, tx, `
			SELECT r.story, r.reader, r.kind
			FROM unnest(CAST($1 AS BIGINT[]), CAST($2 AS BYTEA[])) AS k (story, reader)
			JOIN reaction r ON r.story = k.story AND r.reader = k.reader`, []any{stories, readers}, read)
	}
	for len(rows) > 0 {
		story, n := rows[0].story, 1
		for n < len(rows) && rows[n].story == story {
			n++
		}
		_, readers := columns(rows[:n])
		in, args := list(2, readers)
		args = append([]any{story}, args...)
		err := scan(ctx, tx, `SELECT story, reader, kind FROM reaction WHERE story = $1 AND reader IN (`+in+`)`, args, read)
		if err != nil {
			return nil, err
		}
		rows = rows[n:]
	}
	return held, nil
}

// columns turns rows into what [db.Tx.Batch] takes.
func columns(rows []row) (stories []int64, readers [][]byte) {
	for _, r := range rows {
		stories = append(stories, int64(r.story))
		readers = append(readers, slices.Clone(r.reader[:]))
	}
	return stories, readers
}

var (
	putKinds = db.BatchSQL{
		SQLite: `
			INSERT INTO reaction (story, reader, kind, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (story, reader) DO UPDATE SET kind = excluded.kind, at = excluded.at`,
		PostgreSQL: `
			INSERT INTO reaction (story, reader, kind, at)
			SELECT * FROM unnest(CAST($1 AS BIGINT[]), CAST($2 AS BYTEA[]), CAST($3 AS TEXT[]), CAST($4 AS BIGINT[]))
			ON CONFLICT (story, reader) DO UPDATE SET kind = excluded.kind, at = excluded.at`,
	}
	dropKinds = db.BatchSQL{
		SQLite: `DELETE FROM reaction WHERE story = $1 AND reader = $2`,
		PostgreSQL: `
			DELETE FROM reaction r
			USING unnest(CAST($1 AS BIGINT[]), CAST($2 AS BYTEA[])) AS k (story, reader)
			WHERE r.story = k.story AND r.reader = k.reader`,
	}
	putSums = db.BatchSQL{
		SQLite: `
			INSERT INTO reaction_sum (story, kind, n) VALUES ($1, $2, $3)
			ON CONFLICT (story, kind) DO UPDATE SET n = excluded.n`,
		PostgreSQL: `
			INSERT INTO reaction_sum (story, kind, n)
			SELECT * FROM unnest(CAST($1 AS BIGINT[]), CAST($2 AS TEXT[]), CAST($3 AS BIGINT[]))
			ON CONFLICT (story, kind) DO UPDATE SET n = excluded.n`,
	}
)

// write brings the tables from what the ledger read to what it holds.
func (l *ledger) write(ctx context.Context, tx *db.Tx, rows []row) error {
	var put, drop []row
	var kinds []string
	var at []int64
	for _, r := range rows {
		switch k := l.is[r]; {
		case k == l.was[r]:
		case k == None:
			drop = append(drop, r)
		default:
			put = append(put, r)
			kinds = append(kinds, string(k))
			at = append(at, db.Millis(tx.Now()))
		}
	}
	var sum struct {
		stories []int64
		kinds   []string
		n       []int64
	}
	for _, id := range l.changed() {
		before, after := l.before[id], l.sums[id]
		for _, k := range Kinds {
			if after.Of(k) != before.Of(k) {
				sum.stories = append(sum.stories, int64(id))
				sum.kinds = append(sum.kinds, string(k))
				sum.n = append(sum.n, after.Of(k))
			}
		}
	}
	if len(put) > 0 {
		stories, readers := columns(put)
		if err := tx.Batch(ctx, putKinds, stories, readers, kinds, at); err != nil {
			return err
		}
	}
	if len(drop) > 0 {
		stories, readers := columns(drop)
		if err := tx.Batch(ctx, dropKinds, stories, readers); err != nil {
			return err
		}
	}
	if len(sum.stories) > 0 {
		return tx.Batch(ctx, putSums, sum.stories, sum.kinds, sum.n)
	}
	return nil
}

// A querier is a transaction, or the database outside of one.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// sums reads the counts of stories. One that nobody ever reacted to is not in the map.
func sums(ctx context.Context, q querier, stories []db.ID) (map[db.ID]Counts, error) {
	all := make(map[db.ID]Counts, len(stories))
	for some := range slices.Chunk(stories, MaxBatch) {
		in, args := list(1, some)
		err := scan(ctx, q, `SELECT story, kind, n FROM reaction_sum WHERE story IN (`+in+`)`, args, func(r *sql.Rows) error {
			var story db.ID
			var kind Kind
			var n int64
			if err := r.Scan(&story, &kind, &n); err != nil {
				return err
			}
			c := all[story]
			if p := c.of(kind); p != nil {
				*p = n
			}
			all[story] = c
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reaction: read counts: %w", err)
		}
	}
	return all, nil
}

// list writes values as parameters of IN, the first being $first. The last value is repeated up to a power of two,
// so that few statements are prepared for all lengths.
func list[T any](first int, values []T) (in string, args []any) {
	n := 1
	for n < len(values) {
		n *= 2
	}
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
		args = append(args, values[min(i, len(values)-1)])
	}
	return b.String(), args
}

// scan calls each with every row of a query.
func scan(ctx context.Context, q querier, query string, args []any, each func(*sql.Rows) error) error {
	r, err := q.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		if err := each(r); err != nil {
			return err
		}
	}
	return r.Err()
}
