package db_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
)

func TestBatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		execute(t, d, `CREATE TABLE kinds (id BIGINT NOT NULL PRIMARY KEY, n BIGINT, s TEXT, b BYTEA, ok BOOLEAN NOT NULL)`)
		n, s := int64(5), "다섯"
		write(t, d, func(tx *db.Tx) error {
			return tx.Batch(t.Context(), `INSERT INTO kinds (id, n, s, b, ok) {rows}`,
				[]db.ID{1, 2}, []*int64{&n, nil}, []*string{nil, &s}, [][]byte{{0, 255}, nil}, []bool{true, false})
		})
		type row struct {
			ID db.ID
			N  *int64
			S  *string
			B  []byte
			OK bool
		}
		var got []row
		rows, err := d.Query(t.Context(), `SELECT id, n, s, b, ok FROM kinds ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var r row
			if err := rows.Scan(&r.ID, &r.N, &r.S, &r.B, &r.OK); err != nil {
				t.Fatal(err)
			}
			got = append(got, r)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		want := []row{{1, &n, nil, []byte{0, 255}, true}, {2, nil, &s, nil, false}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestBatchUpsertUpdateAndQuery(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		for range 2 {
			write(t, d, func(tx *db.Tx) error {
				return tx.Batch(t.Context(), `INSERT INTO tally_sum (story, n) {rows} ON CONFLICT (story) DO UPDATE SET n = tally_sum.n + excluded.n`,
					[]int64{1, 2, 3}, []int64{10, 20, 30})
			})
		}
		write(t, d, func(tx *db.Tx) error {
			err := tx.Batch(t.Context(), `WITH r (story, n) AS ({rows}) UPDATE tally_sum SET n = tally_sum.n + r.n FROM r WHERE tally_sum.story = r.story`,
				[]int64{1, 3, 9}, []int64{1, 3, 9})
			if err != nil {
				return err
			}
			return tx.Batch(t.Context(), `INSERT INTO tally_sum (story, n) {rows}`, []int64{}, []int64{})
		})

		const query = `WITH r (story) AS ({rows}) SELECT s.n FROM tally_sum AS s JOIN r ON r.story = s.story ORDER BY s.story`
		wanted := []int64{3, 1, 7}
		read := func(rows interface {
			Next() bool
			Scan(...any) error
			Close() error
			Err() error
		}, err error) []int {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var all []int
			for rows.Next() {
				var n int
				if err := rows.Scan(&n); err != nil {
					t.Fatal(err)
				}
				all = append(all, n)
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			return all
		}
		want := []int{21, 63}
		if diff := cmp.Diff(want, read(d.QueryBatch(t.Context(), query, wanted))); diff != "" {
			t.Errorf("DB.QueryBatch (-want +got):\n%s", diff)
		}
		write(t, d, func(tx *db.Tx) error {
			if diff := cmp.Diff(want, read(tx.QueryBatch(t.Context(), query, wanted))); diff != "" {
				t.Errorf("Tx.QueryBatch (-want +got):\n%s", diff)
			}
			return nil
		})
		err := d.Read(t.Context(), func(r *db.Reader) error {
			if diff := cmp.Diff(want, read(r.QueryBatch(t.Context(), query, wanted))); diff != "" {
				t.Errorf("Reader.QueryBatch (-want +got):\n%s", diff)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestBatchIsRefused(t *testing.T) {
	const insertRows = `INSERT INTO tally_sum (story, n) {rows}`
	tests := map[string]struct {
		sql  db.BatchSQL
		cols []any
		want string
	}{
		"uneven":     {insertRows, []any{[]int64{1, 2}, []int64{1}}, "column 2 of a batch has 1 rows"},
		"no column":  {insertRows, nil, "without columns"},
		"float":      {insertRows, []any{[]int64{1}, []float64{1}}, "[]float64"},
		"no mark":    {`INSERT INTO tally_sum (story, n) VALUES (1, 1)`, []any{[]int64{1}}, "must hold {rows} once"},
		"mark twice": {insertRows + `{rows}`, []any{[]int64{1}}, "must hold {rows} once"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		for name, test := range tests {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				tx.Batch(t.Context(), test.sql, test.cols...) // swallowed: the transaction is ended all the same
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: err = %v; want %q in it", name, err, test.want)
			}
		}
		if _, err := d.QueryBatch(t.Context(), `SELECT * FROM ({rows}) AS r`, []int64{}); err == nil {
			t.Error("a batch query without rows gave no error")
		}
		many := make([]int64, 40000)
		rows, err := d.QueryBatch(t.Context(), `WITH r (n) AS ({rows}) SELECT count(*) FROM r`, many)
		if err == nil {
			rows.Close()
		}
		if refused := err != nil; refused != (d.Dialect() == db.SQLite) {
			t.Errorf("40,000 parameters: err = %v", err)
		}
	})
}
