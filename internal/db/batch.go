package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// BatchSQL is a statement over many rows at once, given as columns. {rows} in it stands for the rows and may
// be used wherever a SELECT may, once:
//
//	INSERT INTO tally (story, reader, kind) {rows} ON CONFLICT (story, reader) DO NOTHING
//	INSERT INTO tally_sum (story, n) {rows} ON CONFLICT (story) DO UPDATE SET n = tally_sum.n + excluded.n
//	WITH r (story, n) AS ({rows}) UPDATE tally_sum SET n = tally_sum.n + r.n FROM r WHERE tally_sum.story = r.story
//	WITH r (story, reader) AS ({rows}) SELECT t.reader, t.kind FROM tally AS t JOIN r ON t.story = r.story AND t.reader = r.reader
//
// It holds no $N of its own: what is the same for all rows is a column too. No key may stand in the rows twice
// (PostgreSQL refuses to touch a row twice, SQLite would), and nodes that write the same keys at once should
// sort them, or they wait for each other in a circle and one of them starts again.
type BatchSQL string

const rowsMark = "{rows}"

// A column of a batch is one of []int64, []ID, []string, [][]byte, []bool, and []*int64, []*string where
// there are NULLs (a nil []byte is NULL too). All columns of a batch are equally long.
type list interface {
	len() int
	at(i int) any
	check() error
	array() driver.Value // for pgx
	sqlType() string
}

type column[T any] struct {
	values []T
	typ    string
}

func (c column[T]) len() int            { return len(c.values) }
func (c column[T]) at(i int) any        { return c.values[i] }
func (c column[T]) array() driver.Value { return c.values }
func (c column[T]) sqlType() string     { return c.typ }

func (c column[T]) check() error {
	switch values := any(c.values).(type) {
	case []string:
		for _, s := range values {
			if err := checkText(s); err != nil {
				return err
			}
		}
	case []*string:
		for _, s := range values {
			if s != nil {
				if err := checkText(*s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func columns(cols []any) ([]list, error) {
	if len(cols) == 0 {
		return nil, errors.New("db: a batch without columns")
	}
	lists := make([]list, len(cols))
	for i, c := range cols {
		switch c := c.(type) {
		case []int64:
			lists[i] = column[int64]{c, "BIGINT"}
		case []ID:
			n := make([]int64, len(c))
			for j, id := range c {
				n[j] = int64(id)
			}
			lists[i] = column[int64]{n, "BIGINT"}
		case []*int64:
			lists[i] = column[*int64]{c, "BIGINT"}
		case []string:
			lists[i] = column[string]{c, "TEXT"}
		case []*string:
			lists[i] = column[*string]{c, "TEXT"}
		case [][]byte:
			lists[i] = column[[]byte]{c, "BYTEA"}
		case []bool:
			lists[i] = column[bool]{c, "BOOLEAN"}
		default:
			return nil, fmt.Errorf("db: column %d of a batch is a %T: see BatchSQL for what it may be", i+1, c)
		}
		if lists[i].len() != lists[0].len() {
			return nil, fmt.Errorf("db: column %d of a batch has %d rows, the first has %d", i+1, lists[i].len(), lists[0].len())
		}
	}
	return lists, nil
}

// on returns the statement with n rows of these columns: for PostgreSQL they are arrays, and n does not matter.
func (s BatchSQL) on(d Dialect, lists []list, n int) (string, error) {
	before, after, ok := strings.Cut(string(s), rowsMark)
	if !ok || strings.Contains(after, rowsMark) {
		return "", fmt.Errorf("db: a batch's statement must hold %s once: %s", rowsMark, s)
	}
	var b strings.Builder
	b.WriteString(before)
	if d == PostgreSQL {
		b.WriteString("SELECT * FROM unnest(")
		for i, l := range lists {
			fmt.Fprintf(&b, "%sCAST($%d AS %s[])", separator(i), i+1, l.sqlType())
		}
		b.WriteString(")")
	} else {
		b.WriteString("VALUES ")
		for row := range n {
			b.WriteString(separator(row))
			for i := range lists {
				b.WriteString([]string{"(", ", "}[min(i, 1)])
				fmt.Fprintf(&b, "$%d", row*len(lists)+i+1)
			}
			b.WriteString(")")
		}
	}
	b.WriteString(after)
	return b.String(), nil
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// Batch runs s for all rows of cols: on SQLite as one prepared statement run row by row, on PostgreSQL as one
// statement over arrays. Without rows it does nothing.
func (t *Tx) Batch(ctx context.Context, s BatchSQL, cols ...any) error {
	lists, err := columns(cols)
	if err != nil {
		return t.end(err)
	}
	n := lists[0].len()
	if n == 0 {
		return nil
	}
	query, err := s.on(t.db.dialect, lists, 1)
	if err != nil {
		return t.end(err)
	}
	if t.db.dialect == PostgreSQL {
		args := make([]any, len(lists))
		for i, l := range lists {
			args[i] = l
		}
		_, err := t.Exec(ctx, query, args...)
		return err
	}
	st, err := t.sql.PrepareContext(ctx, query)
	if err != nil {
		return t.end(err)
	}
	defer st.Close()
	// A context that can end costs the driver a goroutine a row, so it is asked between rows instead.
	rowCtx := context.WithoutCancel(ctx)
	args := make([]any, len(lists))
	for row := range n {
		if err := ctx.Err(); err != nil {
			return t.end(err)
		}
		for i, l := range lists {
			args[i] = l.at(row)
		}
		if _, err := st.ExecContext(rowCtx, args...); err != nil {
			return t.end(err)
		}
	}
	return nil
}

// maxBatchParameters is how many parameters SQLite takes in one statement.
const maxBatchParameters = 32766

// QueryBatch runs a query over all rows of cols, as one statement on both databases. On SQLite rows times
// columns may be at most 32,766. There must be at least one row.
func (t *Tx) QueryBatch(ctx context.Context, s BatchSQL, cols ...any) (*sql.Rows, error) {
	r, err := queryBatch(ctx, t.db.dialect, t.Query, s, cols)
	return r, t.end(err)
}

// QueryBatch is [Tx.QueryBatch] on the reader's snapshot.
func (r *Reader) QueryBatch(ctx context.Context, s BatchSQL, cols ...any) (*sql.Rows, error) {
	return queryBatch(ctx, r.db.dialect, r.Query, s, cols)
}

// QueryBatch is [Tx.QueryBatch] as a query of its own.
func (d *DB) QueryBatch(ctx context.Context, s BatchSQL, cols ...any) (*sql.Rows, error) {
	return queryBatch(ctx, d.dialect, d.Query, s, cols)
}

func queryBatch(ctx context.Context, d Dialect, query func(context.Context, string, ...any) (*sql.Rows, error), s BatchSQL, cols []any) (*sql.Rows, error) {
	lists, err := columns(cols)
	if err != nil {
		return nil, err
	}
	n := lists[0].len()
	if n == 0 {
		return nil, errors.New("db: a batch query without rows: ask for the rows before asking the database")
	}
	if d == SQLite && n*len(lists) > maxBatchParameters {
		return nil, fmt.Errorf("db: a batch query with %d parameters, at most %d are taken: ask in pieces", n*len(lists), maxBatchParameters)
	}
	text, err := s.on(d, lists, n)
	if err != nil {
		return nil, err
	}
	var args []any
	if d == PostgreSQL {
		for _, l := range lists {
			args = append(args, l)
		}
	} else {
		args = make([]any, 0, n*len(lists))
		for row := range n {
			for _, l := range lists {
				args = append(args, l.at(row))
			}
		}
	}
	return query(ctx, text, args...)
}
