package db_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/fault"
)

func TestParseID(t *testing.T) {
	for _, id := range []db.ID{0, 1, 1 << 21, math.MaxInt64} {
		got, err := db.ParseID(id.String())
		if err != nil || got != id {
			t.Errorf("ParseID(%q) = %v, %v; want it back", id.String(), got, err)
		}
	}
	for _, s := range []string{"", "-1", "+1", "01", " 1", "1 ", "0x1", "1_0", "１", "9223372036854775808", "abc"} {
		if got, err := db.ParseID(s); fault.CodeOf(err) != "bad-id" {
			t.Errorf("ParseID(%q) = %v, %v; want fault bad-id", s, got, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"0", "1", "9223372036854775807", "9223372036854775808", "-1", "01", "1_0", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := db.ParseID(s)
		if err == nil && (id < 0 || id.String() != s) {
			t.Errorf("ParseID(%q) = %d", s, id)
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("ParseID(%q): %v is no fault of kind Invalid", s, err)
		}
	})
}

func TestIDInJSONIsAString(t *testing.T) {
	type row struct {
		ID   db.ID
		More map[db.ID]int
	}
	in := row{db.ID(math.MaxInt64), map[db.ID]int{7: 1}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"ID":"9223372036854775807","More":{"7":1}}`; string(b) != want {
		t.Errorf("Marshal = %s; want %s", b, want)
	}
	var out row
	if err := json.Unmarshal(b, &out); err != nil || out.ID != in.ID || out.More[7] != 1 {
		t.Errorf("Unmarshal(%s) = %v, %v", b, out, err)
	}
	for _, s := range []string{`{"ID":7}`, `{"ID":"x"}`, `{"ID":true}`} {
		if err := json.Unmarshal([]byte(s), &out); err == nil {
			t.Errorf("Unmarshal(%s) gave no error", s)
		}
	}
}

func TestIDsOnlyRise(t *testing.T) {
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	now := start
	d := dbtest.Open(t, db.SQLite, dbtest.Options{Now: func() time.Time { return now }})
	newIDs := func(n int) (ids []db.ID) {
		write(t, d, func(tx *db.Tx) error {
			for range n {
				ids = append(ids, tx.NewID())
			}
			return nil
		})
		return ids
	}
	var all []db.ID
	all = append(all, newIDs(5000)...)
	now = start.Add(time.Second)
	all = append(all, newIDs(10)...)
	now = start.Add(-time.Hour) // the clock is set back
	all = append(all, newIDs(10)...)
	for i := 1; i < len(all); i++ {
		if all[i] <= all[i-1] {
			t.Fatalf("id %d, %v, does not rise above %v", i, all[i], all[i-1])
		}
	}
	if got := all[0].Time(); got != start {
		t.Errorf("Time() = %v; want %v", got, start)
	}
	if got := all[5000].Time(); got != start.Add(time.Second) {
		t.Errorf("Time() = %v; want a second later", got)
	}
}

func TestIDBeforeItsEpochIsPositive(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{Now: func() time.Time { return time.Unix(0, 0) }})
	write(t, d, func(tx *db.Tx) error {
		if id := tx.NewID(); id < 0 {
			t.Errorf("NewID = %v", id)
		}
		return nil
	})
}

func TestIDInBothDatabases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		makeTables(t, d)
		id := db.ID(math.MaxInt64 - 1)
		execute(t, d, `INSERT INTO tally_sum (story, n) VALUES ($1, 1)`, id)
		var got db.ID
		if err := d.QueryRow(t.Context(), `SELECT story FROM tally_sum WHERE story = $1`, id).Scan(&got); err != nil || got != id {
			t.Errorf("read %v, %v; want %v", got, err, id)
		}
		var none sql.Null[db.ID]
		if err := d.QueryRow(t.Context(), `SELECT max(story) FROM tally_sum WHERE story < 0`).Scan(&none); err != nil || none.Valid {
			t.Errorf("read %v, %v; want NULL", none, err)
		}
		if err := d.QueryRow(t.Context(), `SELECT max(story) FROM tally_sum WHERE story < 0`).Scan(&got); err == nil {
			t.Error("NULL was read as an id")
		}
		if err := d.QueryRow(t.Context(), `SELECT story FROM tally_sum WHERE story = 5`).Scan(&got); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("err = %v; want sql.ErrNoRows", err)
		}
	})
}

func TestMillis(t *testing.T) {
	seoul := time.FixedZone("KST", 9*60*60)
	in := time.Date(2024, 6, 20, 16, 34, 5, 678_900_000, seoul)
	got := db.Time(db.Millis(in))
	if want := in.Truncate(time.Millisecond); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("Time(Millis(%v)) = %v", in, got)
	}
}
