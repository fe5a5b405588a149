package db_test

import (
	"encoding/binary"
	"testing"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
)

// BenchmarkGroupCommit is what a group of reactions costs: one transaction of 200 new rows and one sum, synced.
func BenchmarkGroupCommit(b *testing.B) {
	const rows = 200
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		b.Run(dialect.String(), func(b *testing.B) {
			d := dbtest.Open(b, dialect, dbtest.Options{Synced: true})
			makeTables(b, d)
			keys, readers, kinds := make([]int64, rows), make([][]byte, rows), make([]string, rows)
			n := uint64(0)
			for b.Loop() {
				for i := range rows {
					n++
					keys[i], kinds[i] = int64(i%7), "like"
					readers[i] = binary.BigEndian.AppendUint64(make([]byte, 8), n)
				}
				err := d.Write(b.Context(), func(tx *db.Tx) error {
					err := tx.Batch(b.Context(), `INSERT INTO tally (story, reader, kind) {rows} ON CONFLICT (story, reader) DO NOTHING`, keys, readers, kinds)
					if err != nil {
						return err
					}
					return tx.Batch(b.Context(), `INSERT INTO tally_sum (story, n) {rows} ON CONFLICT (story) DO UPDATE SET n = tally_sum.n + excluded.n`,
						[]int64{0, 1, 2, 3, 4, 5, 6}, []int64{29, 29, 29, 29, 28, 28, 28})
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkOneRow is what the smallest transaction costs, synced.
func BenchmarkOneRow(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		b.Run(dialect.String(), func(b *testing.B) {
			d := dbtest.Open(b, dialect, dbtest.Options{Synced: true})
			makeTables(b, d)
			n := int64(0)
			for b.Loop() {
				n++
				err := d.Write(b.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(b.Context(), `INSERT INTO tally_sum (story, n) VALUES ($1, $2)`, n, n)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPointRead(b *testing.B) {
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		b.Run(dialect.String(), func(b *testing.B) {
			d := dbtest.Open(b, dialect, dbtest.Options{})
			makeTables(b, d)
			for b.Loop() {
				var n int64
				if err := d.QueryRow(b.Context(), `SELECT count(*) FROM tally_sum WHERE story = $1`, 1).Scan(&n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
