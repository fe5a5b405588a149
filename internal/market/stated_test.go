package market_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/fault"
	"sokbo/internal/market"
)

// printed is a board of the form that saved pages have.
var printed = []market.StatedRow{
	{Name: "비트코인", Price: "91,234,000", Rate: "+2.08%"},
	{Name: "비트코인 캐시", Price: "546,500", Rate: "+0.09%"},
	{Name: "트론", Price: "187", Rate: "-3.11%"},
	{Name: "이오스", Price: "846.50", Rate: "0.00%"},
	{Name: "새벽코인", Price: "1,000", Rate: "−0.5 %"},
	{Name: "물결코인"},
}

func set(t *testing.T, d *db.DB, s market.Stated) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error { return market.SetStated(t.Context(), tx, s) })
	if err != nil {
		t.Fatal(err)
	}
}

func newMarket(t *testing.T, o market.Options) *market.Market {
	t.Helper()
	o.Zone = seoul
	m, err := market.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compare holds the JSON of a board against a file, which may be written for the eye.
func compare(t *testing.T, b market.Board, file string) {
	t.Helper()
	got, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for line := range strings.Lines(string(text)) {
		want.WriteString(strings.TrimSpace(line))
	}
	if string(got) != want.String() {
		t.Errorf("the board is\n%s\nand in %s\n%s", got, file, want.String())
	}
}

func TestStatedBoards(t *testing.T) {
	set1 := at(t, "2026-11-23T14:00:00.5+09:00")
	dbtest.EachOptions(t, dbtest.Options{Now: func() time.Time { return set1 }}, func(t *testing.T, d *db.DB) {
		m := newMarket(t, market.Options{DB: d})
		d.Follow(m)
		if _, ok := m.Board(market.Crypto); ok {
			t.Error("there is a board before any was imported")
		}
		captured := at(t, "2024-07-16T18:30:00+09:00")
		set(t, d, market.Stated{Board: market.Crypto, Rows: printed})
		set(t, d, market.Stated{Board: market.Movers, Note: "07.16 장종료", Captured: &captured})

		// It stands as soon as the import is acknowledged, here and after a restart.
		for what, m := range map[string]*market.Market{"at once": m, "after a restart": newMarket(t, market.Options{DB: d})} {
			b, ok := m.Board(market.Crypto)
			if !ok || !b.Stated || !b.Captured.IsZero() {
				t.Fatalf("%s the board is %+v, %t", what, b, ok)
			}
			compare(t, b, "testdata/stated.json")
			b, ok = m.Board(market.Movers)
			if !ok || !b.Stated || !b.Captured.Equal(captured) || b.Quotes == nil || len(b.Quotes) != 0 {
				t.Fatalf("%s the rising stocks are %+v, %t", what, b, ok)
			}
			if want := (market.Session{State: market.SessionClosed, Date: "2024-07-16", Note: "07.16 장종료"}); b.Session != want {
				t.Errorf("%s their session is %+v", what, b.Session)
			}
		}

		// Another page takes its place whole.
		set(t, d, market.Stated{Board: market.Crypto, Rows: printed[2:3], Note: "07.17 09:00", Captured: &captured})
		b, _ := m.Board(market.Crypto)
		if len(b.Quotes) != 1 || b.Quotes[0].Key != "TRX" || !b.Quotes[0].At.Equal(captured) || b.Session.Date != "2024-07-17" {
			t.Errorf("the board of another page is %+v", b)
		}
		if en := newMarket(t, market.Options{DB: d, Language: "en"}); true {
			b, _ := en.Board(market.Crypto)
			if b.Quotes[0].Source != "Saved page" || b.Quotes[0].Name != "트론" {
				t.Errorf("on an English site the row is %+v", b.Quotes[0])
			}
		}
	})
}

func TestStatedSaysSoInTheLog(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var tags []string
		d.Follow(follower(func(c db.Change) { tags = append(tags, c.Tags...) }))
		set(t, d, market.Stated{Board: market.Movers, Note: "07.16 장종료"})
		if len(tags) != 1 || tags[0] != "board:movers" {
			t.Errorf("the log says %q", tags)
		}
	})
}

type follower func(db.Change)

func (f follower) Apply(changes []db.Change) {
	for _, c := range changes {
		f(c)
	}
}

func (follower) Reset() {}

// A node learns of a board that was imported on another one.
func TestStatedOnAnotherNode(t *testing.T) {
	here, there := dbtest.Two(t)
	m := newMarket(t, market.Options{DB: there})
	there.Follow(m)
	set(t, here, market.Stated{Board: market.Crypto, Rows: printed})
	for deadline := time.Now().Add(10 * time.Second); ; {
		if b, ok := m.Board(market.Crypto); ok && len(b.Quotes) == len(printed) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the other node has not read the board after ten seconds")
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestStatedRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		set(t, d, market.Stated{Board: market.Crypto, Rows: printed})
		row := func(name, price, rate string) market.Stated {
			return market.Stated{Board: market.Crypto, Rows: []market.StatedRow{{Name: name, Price: price, Rate: rate}}}
		}
		long := strings.Repeat("x", market.MaxStatedText+1)
		for what, s := range map[string]market.Stated{
			"an unknown board":        {Board: "weather"},
			"too many rows":           {Board: market.Crypto, Rows: make([]market.StatedRow, market.MaxStatedRows+1)},
			"no name":                 row("", "1", "1"),
			"a long name":             row(long, "1", "1"),
			"a name of two lines":     row("a\nb", "1", "1"),
			"a name with a NUL":       row("a\x00", "1", "1"),
			"a name in another code":  row("\xba\xf1", "1", "1"),
			"a long note":             {Board: market.Crypto, Note: long},
			"a price in words":        row("a", "약 만원", "1"),
			"a negative price":        row("a", "-5", "1"),
			"a price with a exponent": row("a", "1e3", "1"),
			"a price badly grouped":   row("a", "1,23", "1"),
			"a price of many digits":  row("a", "12345678901234567890", "1"),
			"a rate in words":         row("a", "1", "상한가"),
			"a rate out of measure":   row("a", "1", "9999999999999999"),
			"a key that is none":      {Board: market.Crypto, Rows: []market.StatedRow{{Key: "btc", Name: "a"}}},
			"a key twice":             {Board: market.Crypto, Rows: []market.StatedRow{{Name: "리플"}, {Name: "엑스알피"}}},
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error { return market.SetStated(t.Context(), tx, s) })
			if fault.CodeOf(err) != "stated-board" || fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", what, err)
			}
		}
		m := newMarket(t, market.Options{DB: d})
		if b, _ := m.Board(market.Crypto); len(b.Quotes) != len(printed) {
			t.Errorf("after all that was refused the board is %+v", b)
		}
		longest := row(long[1:], strings.Repeat("9", 19), "▼100.00%")
		longest.Note = long[1:]
		set(t, d, longest)
	})
}

func TestPrintedRates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := newMarket(t, market.Options{DB: d})
		d.Follow(m)
		for text, want := range map[string]string{
			"+2.08%": "0.02080000", "2.08": "0.02080000", "-3.11%": "-0.03110000", "−3.11%": "-0.03110000", "0.00%": "0.00000000",
			"▲2.08%": "0.02080000", "▼3.11%": "-0.03110000", "▼ -3.11 %": "-0.03110000", "↑30.00%": "0.30000000", "+1,234.5%": "12.34500000",
			"-0.00%": "0.00000000", "": "",
		} {
			set(t, d, market.Stated{Board: market.Movers, Rows: []market.StatedRow{{Name: "한빛반도체", Price: "1", Rate: text}}})
			b, _ := m.Board(market.Movers)
			if q := b.Quotes[0]; q.ChangeRate != want || (q.Basis == market.AsStated) != (want != "") {
				t.Errorf("%q is %q with basis %s, want %q", text, q.ChangeRate, q.Basis, want)
			}
		}
		for note, want := range map[string]string{
			"07.16 장종료": "2024-07-16", "07.17": "2024-07-17", "07.18 장중": "2023-07-18", "12.30 장종료": "2023-12-30",
			"02.29 장종료": "2024-02-29", "02.30 장종료": "", "장종료": "", "7/16": "2024-07-16", "2024.07.16": "", "": "",
		} {
			captured := at(t, "2024-07-16T23:30:00+09:00")
			set(t, d, market.Stated{Board: market.Movers, Note: note, Captured: &captured})
			if b, _ := m.Board(market.Movers); b.Session.Date != want || b.Session.Note != note {
				t.Errorf("%q captured in July 2024 is %+v, want %s", note, b.Session, want)
			}
		}
	})
}

func TestKeyOf(t *testing.T) {
	for name, want := range map[string]string{
		"비트코인": "BTC", "이더리움": "ETH", "비트코인 캐시": "BCH", "비트코인캐시": "BCH", "리플": "XRP", "엑스알피(리플)": "XRP", "솔라나": "SOL",
		"에이다": "ADA", "이오스": "EOS", "볼타": "EOS", "트론": "TRX", "스텔라루멘": "XLM", "비트코인에스브이": "BSV", "체인링크": "LINK", "샌드박스": "SAND",
		"Bitcoin": "BTC", "bitcoin cash": "BCH", "ビットコイン": "BTC", "SAND": "SAND",
		"새벽코인": "X-F699F967",
	} {
		if got := market.KeyOf(market.Crypto, name); got != want {
			t.Errorf("KeyOf(crypto, %s) = %s, want %s", name, got, want)
		}
	}
	// A company of the same name is no coin.
	if got := market.KeyOf(market.Movers, "샌드박스"); !strings.HasPrefix(got, "X-") {
		t.Errorf("KeyOf(movers, 샌드박스) = %s", got)
	}
}

// An imported board gives way whole to the first price of a feed, and not before.
func TestStatedGivesWay(t *testing.T) {
	eachInBubble(t, time.Time{}, givesWay)
}

func givesWay(t *testing.T, d *db.DB) {
	set(t, d, market.Stated{Board: market.Crypto, Rows: printed})
	m, in, stop := start(t, market.Options{DB: d}, newTape(market.Crypto))
	d.Follow(m)
	whole := 0
	m.Watch(market.Crypto, func(_ market.Board, changed []market.Quote) {
		if changed == nil {
			whole++
		}
	})
	in.List([]market.Listing{won("BTC", "비트코인"), won("TRX", "트론")})
	ping := pinged(in)
	sleep(time.Minute)
	if b, _ := m.Board(market.Crypto); !b.Stated || len(b.Quotes) != len(printed) {
		t.Fatalf("before the first price the board is %+v", b)
	}
	in.Tick(trade(t, "KRW-TRX", "190", time.Now()))
	sleep(time.Second)
	b, _ := m.Board(market.Crypto)
	if b.Stated || len(b.Quotes) != 2 || b.Quotes[0].Price != "" || b.Quotes[1].Price != "190" {
		t.Errorf("with the first price the board is %+v", b)
	}
	if whole != 2 {
		t.Errorf("watchers were told of %d whole boards, want 2", whole)
	}
	// A page that is imported later does not come back over it, nor does a restart bring it back.
	set(t, d, market.Stated{Board: market.Crypto, Rows: printed})
	sleep(2 * time.Minute)
	if b, _ := m.Board(market.Crypto); b.Stated {
		t.Errorf("after another import the board is %+v", b)
	}
	ping()
	stop()
	m, in, _ = start(t, market.Options{DB: d}, newTape(market.Crypto))
	in.List([]market.Listing{won("BTC", "비트코인"), won("TRX", "트론")})
	sleep(time.Second)
	if q := quote(t, m, market.Crypto, "TRX"); q.Price != "190" || q.State != market.Stale || q.Basis == market.AsStated {
		t.Errorf("after a restart the row is %+v", q)
	}
}

// Whatever a saved page holds is refused as a whole, or shown as it was.
func FuzzStated(f *testing.F) {
	d := dbtest.Open(f, db.SQLite, dbtest.Options{})
	m, err := market.New(f.Context(), market.Options{DB: d})
	if err != nil {
		f.Fatal(err)
	}
	d.Follow(m)
	f.Add("비트코인", "90,769,000", "+2.08%", "07.16 장종료")
	f.Add("a", "1.50", "▼3.11 %", "")
	f.Add("a\x00", "1e5", "-", "13.45")
	f.Fuzz(func(t *testing.T, name, price, rate, note string) {
		captured := noon
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			return market.SetStated(t.Context(), tx, market.Stated{
				Board: market.Crypto, Rows: []market.StatedRow{{Name: name, Price: price, Rate: rate}}, Note: note, Captured: &captured,
			})
		})
		if err != nil {
			if fault.CodeOf(err) != "stated-board" {
				t.Fatal(err)
			}
			return
		}
		b, _ := m.Board(market.Crypto)
		q := b.Quotes[0]
		if q.Name != name || q.Price != strings.ReplaceAll(price, ",", "") || b.Session.Note != note || q.State != market.Stale {
			t.Fatalf("%q, %q, %q, %q became %+v", name, price, rate, note, b)
		}
		if _, direction := market.FormatRate(q.ChangeRate); direction == market.Unknown && rate != "" {
			t.Fatalf("the rate %q became %q", rate, q.ChangeRate)
		}
		if !json.Valid(b.Snapshot("board.crypto")) {
			t.Fatalf("not JSON: %s", b.Snapshot("board.crypto"))
		}
	})
}
