package dbtest_test

import (
	"database/sql"
	"strings"
	"testing"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
)

func TestEveryTestHasItsOwnDatabaseOfBothKinds(t *testing.T) {
	var kinds []db.Dialect
	for range 2 {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			kinds = append(kinds, d.Dialect())
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `CREATE TABLE mine (n BIGINT)`)
				return err
			})
			if err != nil {
				t.Errorf("what an earlier test made is still there: %v", err)
			}
			var n int
			if err := d.QueryRow(t.Context(), `SELECT count(*) FROM change_log`).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows in the change log of a fresh database, %v", n, err)
			}
		})
	}
	if len(kinds) != 4 || kinds[0] != db.SQLite || kinds[1] != db.PostgreSQL {
		t.Errorf("the test ran on %v", kinds)
	}
}

func TestPostgresURLIsEmptyAndDropped(t *testing.T) {
	var url string
	t.Run("use", func(t *testing.T) {
		url = dbtest.PostgresURL(t)
		pool, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		var tables int
		err = pool.QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables)
		if err != nil || tables != 0 {
			t.Errorf("%d tables, %v", tables, err)
		}
	})
	if url == "" {
		t.FailNow()
	}
	pool, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.Ping(); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("after the test the database answers %v", err)
	}
}

func TestTwoNodesShareADatabase(t *testing.T) {
	a, b := dbtest.Two(t)
	err := a.Write(t.Context(), func(tx *db.Tx) error { tx.Changed("x"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := b.QueryRow(t.Context(), `SELECT count(*) FROM change_log`).Scan(&n); err != nil || n != 1 {
		t.Errorf("the other node sees %d rows, %v", n, err)
	}
}
