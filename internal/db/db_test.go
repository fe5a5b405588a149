package db_test

import (
	"testing"

	"sokbo/internal/db"
)

// makeTables makes tables of the tests' own.
func makeTables(t testing.TB, d *db.DB) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for _, s := range []string{
			`CREATE TABLE tally (story BIGINT NOT NULL, reader BYTEA NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (story, reader))`,
			`CREATE TABLE tally_sum (story BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)`,
		} {
			if _, err := tx.Exec(t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
