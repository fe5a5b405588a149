package db_test

import (
	"testing"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
)

func TestReadyOnBoth(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.Changed("story:1")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
