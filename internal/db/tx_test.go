package db_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/fault"
)

const insert = `INSERT INTO tally_sum (story, n) VALUES ($1, $2)`

func TestWriteAndRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		write(t, d, func(tx *db.Tx) error {
			if n, err := tx.Exec(t.Context(), `INSERT INTO tally_sum (story, n) VALUES (1, 10), (2, 20)`); n != 2 || err != nil {
				t.Errorf("Exec = %d, %v; want 2 rows", n, err)
			}
			var sum int
			if err := tx.QueryRow(t.Context(), `SELECT CAST(sum(n) AS BIGINT) FROM tally_sum`).Scan(&sum); err != nil || sum != 30 {
				t.Errorf("the transaction reads %d, %v of its own writes; want 30", sum, err)
			}
			err := tx.QueryRow(t.Context(), `SELECT n FROM tally_sum WHERE story = 3`).Scan(&sum)
			if !errors.Is(err, sql.ErrNoRows) {
				t.Errorf("err = %v; want sql.ErrNoRows", err)
			}
			if outside := count(t, d, `SELECT count(*) FROM tally_sum`); outside != 0 {
				t.Errorf("%d rows are seen before the commit", outside)
			}
			return nil
		})
		if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 2 {
			t.Errorf("%d rows after the commit; want 2", n)
		}
	})
}

func TestReadersCannotWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		var n int
		if err := d.QueryRow(t.Context(), `INSERT INTO tally_sum (story, n) VALUES (1, 1) RETURNING n`).Scan(&n); err == nil {
			t.Error("QueryRow wrote")
		}
		err := d.Read(t.Context(), func(r *db.Reader) error {
			return r.QueryRow(t.Context(), `INSERT INTO tally_sum (story, n) VALUES (1, 1) RETURNING n`).Scan(&n)
		})
		if err == nil {
			t.Error("Read wrote")
		}
		if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 0 {
			t.Errorf("%d rows were written", n)
		}
	})
}

func TestReadSeesOneMoment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		err := d.Read(t.Context(), func(r *db.Reader) error {
			for i := range 3 {
				var n int
				if err := r.QueryRow(t.Context(), `SELECT count(*) FROM tally_sum`).Scan(&n); err != nil {
					return err
				}
				if n != 0 {
					t.Errorf("a reader sees %d rows that were committed after its first query", n)
				}
				execute(t, d, insert, i, 1)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAnyErrorEndsTheTransaction(t *testing.T) {
	mine := errors.New("mine")
	tests := map[string]struct {
		f    func(ctx context.Context, tx *db.Tx) error
		want func(error) bool
	}{
		"returned": {
			func(ctx context.Context, tx *db.Tx) error { return mine },
			func(err error) bool { return err == mine },
		},
		"of a kind that connections have": {
			func(ctx context.Context, tx *db.Tx) error { return io.EOF },
			func(err error) bool { return err == io.EOF },
		},
		"swallowed from Exec": {
			func(ctx context.Context, tx *db.Tx) error {
				tx.Exec(ctx, insert, 1, 1)
				_, err := tx.Exec(ctx, insert, 2, 2)
				if err == nil {
					return errors.New("a statement ran after an error")
				}
				return nil
			},
			db.IsUnique,
		},
		"swallowed from QueryRow": {
			func(ctx context.Context, tx *db.Tx) error {
				var n int
				tx.QueryRow(ctx, insert+` RETURNING n`, 1, 1).Scan(&n)
				if err := tx.QueryRow(ctx, `SELECT 1`).Scan(&n); err == nil {
					return errors.New("a statement ran after an error")
				}
				return nil
			},
			db.IsUnique,
		},
		"swallowed from Query": {
			func(ctx context.Context, tx *db.Tx) error {
				if _, err := tx.Query(ctx, `SELECT n FROM nowhere`); err == nil {
					return errors.New("no error")
				}
				return nil
			},
			func(err error) bool { return strings.Contains(err.Error(), "nowhere") },
		},
		"swallowed argument": {
			func(ctx context.Context, tx *db.Tx) error {
				tx.Exec(ctx, insert, 2, 0.5)
				return nil
			},
			func(err error) bool { return strings.Contains(err.Error(), "floating point") },
		},
		"swallowed from Batch": {
			func(ctx context.Context, tx *db.Tx) error {
				tx.Batch(ctx, `INSERT INTO tally_sum (story, n) {rows}`, []int64{2, 1}, []int64{2, 1})
				return nil
			},
			db.IsUnique,
		},
		"a tag that cannot be": {
			func(ctx context.Context, tx *db.Tx) error {
				tx.Changed("story:1\nstory:2")
				return nil
			},
			func(err error) bool { return strings.Contains(err.Error(), "tag") },
		},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		execute(t, d, insert, 1, 1)
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					if _, err := tx.Exec(t.Context(), insert, 77, 77); err != nil {
						return err
					}
					return test.f(t.Context(), tx)
				})
				if err == nil || !test.want(err) {
					t.Errorf("err = %v", err)
				}
				if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 1 {
					t.Errorf("%d rows; want only the first", n)
				}
			})
		}
	})
}

func TestPanicUndoesAndFreesTheWriter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		for name, leave := range map[string]func(){"panic": func() { panic("in f") }, "Goexit": runtime.Goexit} {
			var done sync.WaitGroup
			done.Go(func() {
				defer func() {
					if p := recover(); p != nil && p != "in f" {
						t.Errorf("recovered %v", p)
					}
				}()
				d.Write(t.Context(), func(tx *db.Tx) error {
					if _, err := tx.Exec(t.Context(), insert, 1, 1); err != nil {
						t.Error(err)
					}
					leave()
					return nil
				})
				t.Errorf("Write came back after a %s", name)
			})
			done.Wait()
			execute(t, d, insert, 2, 2)
			execute(t, d, `DELETE FROM tally_sum WHERE story = 2`)
			if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 0 {
				t.Errorf("%d rows stayed after a %s", n, name)
			}
		}
	})
}

func TestEndOfContextUndoes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, insert, 1, 1)
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v; want context.Canceled", err)
		}
		if err := d.Write(ctx, func(tx *db.Tx) error { t.Error("f ran"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v; want context.Canceled", err)
		}
		execute(t, d, insert, 2, 2)
		if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 1 {
			t.Errorf("%d rows; want the second only", n)
		}
	})
}

// A statement that the end of its context interrupts has already rolled the transaction back on SQLite: what
// follows must not be committed on its own.
func TestInterruptedStatementEndsTheTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), insert, 1, 1); err != nil {
				return err
			}
			short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			_, err := tx.Exec(short, `
				INSERT INTO tally_sum (story, n)
				WITH RECURSIVE r (i) AS (SELECT CAST(10 AS BIGINT) UNION ALL SELECT i + 1 FROM r WHERE i < 100000000)
				SELECT i, i FROM r`)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("err = %v; want context.DeadlineExceeded", err)
			}
			tx.Exec(t.Context(), insert, 2, 2)
			return nil
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Write: err = %v; want context.DeadlineExceeded", err)
		}
		if n := count(t, d, `SELECT count(*) FROM tally_sum`); n != 0 {
			t.Errorf("%d rows; want none", n)
		}
		execute(t, d, insert, 3, 3)
	})
}

func TestArgumentsThatTheDatabasesTakeDifferentlyAreRefused(t *testing.T) {
	type word string
	broken := "\xff\xfe"
	nul := "a\x00b"
	refused := map[string]any{
		"float64": 1.5, "float32": float32(1), "pointer to float64": new(float64), "Null[float64]": sql.Null[float64]{V: 1, Valid: true},
		"time": time.Now(), "broken text": broken, "NUL": nul, "pointer to text": &nul, "named text": word(nul),
		"Null[string]": sql.Null[string]{V: broken, Valid: true}, "high uint64": uint64(math.MaxUint64), "slice": []int64{1}, "struct": struct{}{},
	}
	taken := map[string]any{"int": 1, "named text": word("가"), "NULL": sql.Null[string]{}, "nil": nil, "pointer": new(int64), "bytes": []byte{0, 0xff}}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		execute(t, d, `CREATE TABLE loose (n BIGINT, s TEXT, b BYTEA)`)
		column := func(v any) string {
			switch v.(type) {
			case string, *string, word, sql.Null[string], nil:
				return "s"
			case []byte:
				return "b"
			}
			return "n"
		}
		for name, v := range refused {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO loose (`+column(v)+`) VALUES ($1)`, v)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "$1") {
				t.Errorf("%s: err = %v; want a refusal of argument $1", name, err)
			}
			var n int
			if err := d.QueryRow(t.Context(), `SELECT count(*) FROM loose WHERE `+column(v)+` = $1`, v).Scan(&n); err == nil {
				t.Errorf("%s: taken by QueryRow", name)
			}
		}
		for name, v := range taken {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO loose (`+column(v)+`) VALUES ($1)`, v)
				return err
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, cols := range map[string][]any{
			"text":             {[]int64{1}, []string{nul}},
			"pointers to text": {[]int64{1}, []*string{&broken}},
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				return tx.Batch(t.Context(), `INSERT INTO loose (n, s) {rows}`, cols...)
			})
			if err == nil || !strings.Contains(err.Error(), "$2") {
				t.Errorf("a batch of %s: err = %v; want a refusal of argument $2", name, err)
			}
		}
		if n := count(t, d, `SELECT count(*) FROM loose`); n != len(taken) {
			t.Errorf("%d rows; want %d", n, len(taken))
		}
	})
}

func TestStatementBesideOpenRowsIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		execute(t, d, `INSERT INTO tally_sum (story, n) VALUES (1, 1), (2, 2), (3, 3)`)
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			rows, err := tx.Query(t.Context(), `SELECT story FROM tally_sum`)
			if err != nil {
				return err
			}
			defer rows.Close()
			rows.Next()
			_, err = tx.Exec(t.Context(), `DELETE FROM tally_sum`)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "rows of another are open") {
			t.Errorf("err = %v; want a word about open rows", err)
		}
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			rows, err := tx.Query(t.Context(), `SELECT story FROM tally_sum`)
			if err != nil {
				return err
			}
			for rows.Next() {
			}
			rows.Close()
			_, err = tx.Exec(t.Context(), `DELETE FROM tally_sum`)
			return err
		})
		if err != nil {
			t.Errorf("after the rows were read: %v", err)
		}
	})
}

func TestIsUnique(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		execute(t, d, `CREATE TABLE keyed (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE CHECK (name <> 'bad'))`)
		execute(t, d, `INSERT INTO keyed (id, name) VALUES (1, 'a')`)
		for query, want := range map[string]bool{
			`INSERT INTO keyed (id, name) VALUES (1, 'b')`:   true,
			`INSERT INTO keyed (id, name) VALUES (2, 'a')`:   true,
			`INSERT INTO keyed (id, name) VALUES (2, 'bad')`: false,
			`INSERT INTO keyed (id, name) VALUES (2, NULL)`:  false,
			`INSERT INTO nowhere (id) VALUES (2)`:            false,
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), query)
				return err
			})
			if err == nil || db.IsUnique(err) != want {
				t.Errorf("%s: IsUnique(%v) = %v; want %v", query, err, !want, want)
			}
		}
	})
}

func TestTransactionHasOneTime(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 123_456_789, time.FixedZone("KST", 9*60*60))
	dbtest.EachOptions(t, dbtest.Options{Now: func() time.Time { now = now.Add(time.Second); return now }}, func(t *testing.T, d *db.DB) {
		write(t, d, func(tx *db.Tx) error {
			first := tx.Now()
			if first.Location() != time.UTC || first.Nanosecond() != 123_000_000 {
				t.Errorf("Now() = %v; want UTC and milliseconds", first)
			}
			if again := tx.Now(); again != first {
				t.Errorf("Now() = %v, then %v", first, again)
			}
			return nil
		})
	})
}

func TestQueriesAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		did := func(f func()) int64 {
			before := d.Queries()
			f()
			return d.Queries() - before
		}
		if n := did(func() { count(t, d, `SELECT count(*) FROM tally_sum`) }); n != 1 {
			t.Errorf("a query counts %d", n)
		}
		if n := did(func() { execute(t, d, insert, 1, 1) }); n != 1 {
			t.Errorf("a write of one statement counts %d", n)
		}
		if n := did(func() {
			write(t, d, func(tx *db.Tx) error { tx.Changed("story:1"); return nil })
			d.Follow(&log{})
			d.Ready(t.Context())
		}); n != 0 {
			t.Errorf("the change log and Ready count %d", n)
		}
	})
}

func TestCloseWaitsForWritesAndRefusesMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		inside, goOn, closed := make(chan bool), make(chan bool), make(chan error)
		written := make(chan error)
		go func() {
			written <- d.Write(t.Context(), func(tx *db.Tx) error {
				close(inside)
				<-goOn
				_, err := tx.Exec(t.Context(), insert, 1, 1)
				return err
			})
		}()
		<-inside
		go func() { closed <- d.Close() }()
		eventually(t, 10*time.Second, "Close refuses", func() bool { return fault.CodeOf(d.Ready(t.Context())) == "database-closed" })
		select {
		case err := <-closed:
			t.Fatalf("Close came back during a write: %v", err)
		default:
		}
		close(goOn)
		if err := <-written; err != nil {
			t.Errorf("the write under way: %v", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return nil }); fault.CodeOf(err) != "database-closed" {
			t.Errorf("Write after Close: %v; want database-closed", err)
		}
	})
}
