package market_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/market"
)

var noon = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)

// candles returns the kept minutes of an instrument as texts: start, open, high, low, close, volume.
func candles(t *testing.T, d *db.DB, instrument string) []string {
	t.Helper()
	rows, err := d.Query(t.Context(), `
		SELECT start, open, high, low, close, volume FROM candle
		WHERE instrument = $1 AND width = 60 ORDER BY start`, instrument)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var start int64
		var v [5]string
		if err := rows.Scan(&start, &v[0], &v[1], &v[2], &v[3], &v[4]); err != nil {
			t.Fatal(err)
		}
		all = append(all, db.Time(start).Format("15:04")+" "+strings.Join(v[:], " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMinutesAreKept(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		// Two nodes see the same trades.
		for range 2 {
			_, in, _ := start(t, market.Options{DB: d}, newTape(market.Crypto))
			defer pinged(in)()
			in.List([]market.Listing{won("BTC", "비트코인"), won("SAND", "샌드박스")})
			go func() {
				for _, k := range []struct {
					after time.Duration
					price string
				}{
					{1 * time.Second, "100"}, {20 * time.Second, "103"}, {21 * time.Second, "99.5"}, {59 * time.Second, "101"},
					{3*time.Minute + 59990*time.Millisecond, "102"}, {4 * time.Minute, "104"},
				} {
					time.Sleep(time.Until(noon.Add(k.after)))
					in.Tick(trade(t, "KRW-BTC", k.price, time.Now()))
				}
			}()
		}
		sleep(4*time.Minute + market.SettleAfter - time.Second)
		if got := candles(t, d, "tape:KRW-BTC"); len(got) != 3 {
			t.Errorf("before the fourth minute is settled %q are kept", got)
		}
		sleep(time.Minute + 10*time.Second)
		equal(t, "kept", candles(t, d, "tape:KRW-BTC"),
			"03:00 100 103 99.5 101 2",
			"03:01 101 101 101 101 0",
			"03:02 101 101 101 101 0",
			"03:03 102 102 102 102 0.5",
			"03:04 104 104 104 104 0.5")
		equal(t, "of a coin without trades", candles(t, d, "tape:KRW-SAND"))
	})
}

// Rising stocks are not compared with yesterday's minutes, so quiet minutes are not kept.
func TestQuietMinutesOfStocksAreNotKept(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		_, in, _ := start(t, market.Options{DB: d}, newTape(market.Movers))
		defer pinged(in)()
		in.List([]market.Listing{won("A", "가람정밀")})
		in.Tick(trade(t, "KRW-A", "7000", time.Now()))
		sleep(3 * time.Minute)
		in.Tick(trade(t, "KRW-A", "7010", time.Now()))
		sleep(3 * time.Minute)
		equal(t, "kept", candles(t, d, "tape:KRW-A"), "03:00 7000 7000 7000 7000 0.5", "03:03 7010 7010 7010 7010 0.5")
	})
}

// What nobody heard is not kept as if it were known.
func TestUnheardMinutesAreNotKept(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		_, in, _ := start(t, market.Options{DB: d}, newTape(market.Crypto))
		in.List([]market.Listing{won("BTC", "비트코인"), won("ETH", "이더리움")})
		ping := pinged(in)
		in.Tick(trade(t, "KRW-BTC", "100", time.Now()))
		in.Tick(trade(t, "KRW-ETH", "50", time.Now()))
		sleep(90 * time.Second)
		ping() // from 03:01:30 on it is silent
		sleep(3 * time.Minute)
		defer pinged(in)()
		in.Tick(trade(t, "KRW-BTC", "110", time.Now())) // 03:04:30
		// ETH had no trade since, says the venue, so its minutes are known after all.
		in.Seen("KRW-ETH", noon)
		sleep(90 * time.Second)
		equal(t, "kept", candles(t, d, "tape:KRW-BTC"), "03:00 100 100 100 100 0.5", "03:04 110 110 110 110 0.5")
		equal(t, "kept of the quiet one", candles(t, d, "tape:KRW-ETH"), "03:00 50 50 50 50 0.5",
			"03:01 50 50 50 50 0", "03:02 50 50 50 50 0", "03:03 50 50 50 50 0", "03:04 50 50 50 50 0")
	})
}

// A stall is found out late; the minutes that ended in it are asked for in the venue's history.
func TestHistoryFillsGaps(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		v := newTape(market.Crypto)
		var asked []string
		fail := 2
		v.history = func(code string, from, until time.Time) ([]market.Candle, error) {
			asked = append(asked, fmt.Sprintf("%s %s-%s", code, from.Format("02 15:04"), until.Format("02 15:04")))
			if fail--; fail >= 0 {
				return nil, errors.New("503")
			}
			candle := func(minute, price string) market.Candle {
				when, err := time.Parse("2006-01-02 15:04", "2026-11-"+minute)
				if err != nil {
					t.Fatal(err)
				}
				p := dec(t, price)
				return market.Candle{Start: when, Open: p, High: p, Low: p, Close: p, Volume: dec(t, "3.0")}
			}
			all := []market.Candle{candle("21 10:00", "80"), candle("22 03:30", "90"), candle("23 02:58", "95"), candle("23 03:00", "100"), candle("23 03:02", "105")}
			return slices.DeleteFunc(all, func(c market.Candle) bool { return !c.Start.Before(until) }), nil
		}
		log := new(strings.Builder)
		m, in, _ := start(t, market.Options{DB: d, Log: slog.New(slog.NewTextHandler(log, nil))}, v)
		defer pinged(in)()
		in.List([]market.Listing{won("BTC", "비트코인")})
		sleep(30 * time.Second)
		in.Tick(trade(t, "KRW-BTC", "100", time.Now()))
		if q := quote(t, m, market.Crypto, "BTC"); q.Basis != market.NoBasis {
			t.Errorf("while the history fails the basis is %s", q.Basis)
		}
		sleep(2 * time.Minute) // 03:02:30: the stall begins
		if q := quote(t, m, market.Crypto, "BTC"); q.Basis != market.Day || q.Change != "20" {
			t.Errorf("with a history the row is %+v, want a change of 20", q)
		}
		in.Seen("KRW-BTC", time.Now())
		sleep(70 * time.Second) // 03:03:40
		in.Tick(trade(t, "KRW-BTC", "110", time.Now()))
		sleep(90 * time.Second)
		equal(t, "kept", candles(t, d, "tape:KRW-BTC")[24*60-3:],
			"02:57 90 90 90 90 0", "02:58 95 95 95 95 3", "02:59 95 95 95 95 0",
			"03:00 100 100 100 100 0.5", "03:01 100 100 100 100 0",
			"03:02 105 105 105 105 3", // from the history
			"03:03 110 110 110 110 0.5", "03:04 110 110 110 110 0")
		equal(t, "asked", asked, "KRW-BTC 22 02:58-23 02:59", "KRW-BTC 22 02:59-23 03:00", "KRW-BTC 22 03:00-23 03:01",
			"KRW-BTC 23 03:00-23 03:03") // from the last trade before the stall
		if n := strings.Count(log.String(), "history could not be read"); n != 2 {
			t.Errorf("two failures left %d lines in the log", n)
		}
	})
}

func TestHistoryThatCannotBe(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		p := dec(t, "100")
		good := market.Candle{Start: noon.Add(-3 * time.Minute), Open: p, High: p, Low: p, Close: p}
		for what, bad := range map[string]func(c *market.Candle){
			"a close of nothing":    func(c *market.Candle) { c.Close, c.Low = market.Decimal{}, market.Decimal{} },
			"a close above high":    func(c *market.Candle) { c.High = dec(t, "99") },
			"a close below low":     func(c *market.Candle) { c.Low = dec(t, "101") },
			"a negative volume":     func(c *market.Candle) { c.Volume = dec(t, "-1") },
			"the same minute again": func(c *market.Candle) { c.Start = good.Start },
			"a minute to come":      func(c *market.Candle) { c.Start = noon.Add(time.Hour) },
		} {
			v := newTape(market.Crypto)
			v.about.Name = strings.ReplaceAll(what, " ", "-")
			v.history = func(string, time.Time, time.Time) ([]market.Candle, error) {
				c := good
				c.Start = c.Start.Add(time.Minute)
				bad(&c)
				return []market.Candle{good, c}, nil
			}
			_, in, stop := start(t, market.Options{DB: d, Log: slog.New(slog.DiscardHandler)}, v)
			in.List([]market.Listing{won("BTC", "비트코인")})
			sleep(time.Second)
			stop()
			equal(t, what, candles(t, d, v.about.Name+":KRW-BTC"))
		}
	})
}

// A database that is away costs no minute.
func TestMinutesWaitForTheDatabase(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		rename := func(from, to string) {
			t.Helper()
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		_, in, _ := start(t, market.Options{DB: d, Log: slog.New(slog.DiscardHandler)}, newTape(market.Crypto))
		defer pinged(in)()
		in.List([]market.Listing{won("BTC", "비트코인")})
		in.Tick(trade(t, "KRW-BTC", "100", time.Now()))
		sleep(90 * time.Second)
		rename("candle", "elsewhere")
		sleep(10 * time.Minute)
		rename("elsewhere", "candle")
		sleep(time.Minute)
		if got := candles(t, d, "tape:KRW-BTC"); len(got) != 12 {
			t.Errorf("%d minutes are kept of twelve", len(got))
		}
	})
}

func TestOldMinutesArePruned(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		oldest := noon.Add(-market.KeepMinutes)
		const each = 1200 // more than two pieces
		var instruments, texts []string
		var widths, starts []int64
		for _, name := range []string{"a:A", "b:B", "c:C"} {
			for i := range each {
				instruments, widths, texts = append(instruments, name), append(widths, 60), append(texts, "1")
				starts = append(starts, db.Millis(oldest.Add(time.Duration(i-each+100)*time.Minute)))
			}
		}
		instruments, widths, texts = append(instruments, "a:A"), append(widths, 86400), append(texts, "1")
		starts = append(starts, db.Millis(oldest.Add(-1000*time.Hour)))
		err := d.Bulk(t.Context(), func(tx *db.Tx) error {
			return tx.Batch(t.Context(), `INSERT INTO candle (instrument, width, start, open, high, low, close, volume) {rows}`,
				instruments, widths, starts, texts, texts, texts, texts, texts)
		})
		if err != nil {
			t.Fatal(err)
		}
		start(t, market.Options{DB: d}, newTape(market.Crypto))
		sleep(2 * time.Minute)
		for _, name := range []string{"a:A", "b:B", "c:C"} {
			got := candles(t, d, name)
			// The first is the minute that began KeepMinutes before the pruning.
			if len(got) != 99 && len(got) != 100 {
				t.Errorf("of %s %d minutes are left, want 100 less one that passed meanwhile", name, len(got))
			}
		}
		var days int
		if err := d.QueryRow(t.Context(), `SELECT count(*) FROM candle WHERE width = 86400`).Scan(&days); err != nil || days != 1 {
			t.Errorf("of other widths %d are left, %v", days, err)
		}
	})
}

// The last price comes back after a restart, as stale until the venue tells it, with the time that is known.
func TestTheLastPriceIsRemembered(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		_, in, stop := start(t, market.Options{DB: d}, newTape(market.Crypto))
		ping := pinged(in)
		in.List([]market.Listing{won("BTC", "비트코인")})
		sleep(30 * time.Second)
		in.Tick(trade(t, "KRW-BTC", "100", time.Now()))
		sleep(5 * time.Minute)
		ping()
		stop()
		sleep(10 * time.Minute)
		// One that was last heard of long ago.
		err := d.Bulk(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `
				INSERT INTO candle (instrument, width, start, open, high, low, close, volume)
				VALUES ('tape:KRW-ETH', 60, $1, '1', '1', '1', '50', '1'), ('tape:KRW-ETH', 60, $2, '1', '1', '1', '1', '1')`,
				db.Millis(noon.Add(-50*time.Hour)), db.Millis(noon.Add(-60*time.Hour)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		m, in, _ := start(t, market.Options{DB: d}, newTape(market.Crypto))
		in.List([]market.Listing{won("BTC", "비트코인"), won("ETH", "이더리움")})
		for key, want := range map[string]struct {
			price string
			at    time.Time
		}{"BTC": {"100", noon}, "ETH": {"50.0", noon.Add(-50 * time.Hour)}} {
			if q := quote(t, m, market.Crypto, key); q.Price != want.price || q.State != market.Stale || !q.At.Equal(want.at) {
				t.Errorf("after a restart the row is %+v, want %s of the minute %v, stale", q, want.price, want.at)
			}
		}
		// The venue's own word counts, even where it is older than the minute that was remembered.
		in.Tick(trade(t, "KRW-BTC", "100", noon.Add(30*time.Second)))
		sleep(time.Second)
		if q := quote(t, m, market.Crypto, "BTC"); q.State != market.Live || !q.At.Equal(noon.Add(30*time.Second)) {
			t.Errorf("told again the row is %+v", q)
		}
	})
}
