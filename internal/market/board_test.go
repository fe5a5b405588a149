package market_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"sokbo/internal/market"
)

// at is a moment of the contract's example.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// The example of the public surface, digit by digit, from the trades that make it.
func TestBoardJSONIsTheContracts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(at(t, "2026-11-23T13:59:59.900+09:00")))
		v := newTape(market.Crypto)
		v.about.Name = "bithumb"
		v.history = func(_ string, from, _ time.Time) ([]market.Candle, error) {
			base := dec(t, "88919000.00000000")
			return []market.Candle{{Start: from.Add(-time.Hour), Open: base, High: base, Low: base, Close: base, Volume: dec(t, "1")}}, nil
		}
		now := func() time.Time { return time.Now().Add(23 * time.Millisecond) } // so that turns fall at …123
		m, in, stop := start(t, market.Options{Now: now}, v)
		defer stop()
		in.List([]market.Listing{won("BTC", "비트코인"), won("NEW", "새 코인")})
		in.Tick(trade(t, "KRW-BTC", "90769000.00000000", at(t, "2026-11-23T13:59:59.870+09:00")))
		sleep(200 * time.Millisecond)

		b, _ := m.Board(market.Crypto)
		b.AsOf = at(t, "2026-11-23T14:00:00.123+09:00")
		b.Quotes = b.Quotes[:1]
		got, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("testdata/board.json")
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != strings.TrimSpace(string(want)) {
			t.Errorf("board is\n%s\nwant\n%s", got, want)
		}
		snapshot := `{"topic":"board.crypto",` + strings.TrimPrefix(string(got), "{")
		if got := string(b.Snapshot("board.crypto")); got != snapshot {
			t.Errorf("snapshot is\n%s\nwant\n%s", got, snapshot)
		}
		if got := string(b.Update("board.crypto", []market.Quote{})); !strings.HasSuffix(got, `"note":""},"quotes":[]}`) {
			t.Errorf("an update without quotes is\n%s", got)
		}
	})
}

func TestNoTradeIsNull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{}, newTape(market.Crypto))
		defer stop()
		in.List([]market.Listing{won("BTC", "비트코인")})
		if q := quote(t, m, market.Crypto, "BTC"); q.State != market.Stale || q.Basis != market.NoBasis {
			t.Errorf("without a trade the row is %+v", q)
		}
		b, _ := m.Board(market.Crypto)
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		const want = `{"key":"BTC","instrument":"tape:KRW-BTC","source":"빗썸","name":"비트코인","price":null,"currency":"KRW",` +
			`"change":null,"changeRate":null,"basis":"none","at":null,"state":"stale","simulated":false}`
		if !strings.Contains(string(text), want) {
			t.Errorf("board is\n%s\nwithout\n%s", text, want)
		}
		in.Tick(trade(t, "KRW-BTC", "5", time.Now()))
		q := quote(t, m, market.Crypto, "BTC")
		if q.Price != "5.00" || q.Change != "" || q.ChangeRate != "" || q.Basis != market.NoBasis || q.State != market.Live {
			t.Errorf("with one trade the row is %+v", q)
		}
	})
}

// A board is read back by any JSON reader as what it was made of, whatever stands in it.
func FuzzBoardJSON(f *testing.F) {
	f.Add("비트코인", "빗썸", "07.16 장종료")
	f.Add("</script><b>", "a\"b\\c", "\u2028\x00\xff")
	f.Fuzz(func(t *testing.T, name, source, note string) {
		b := market.Board{Name: market.Movers, Session: market.Session{Note: note}, Quotes: []market.Quote{{Name: name, Source: source}}}
		text := b.Snapshot("board.movers")
		if strings.ContainsAny(string(text), "\n\r\x00<>") || !utf8.Valid(text) {
			t.Fatalf("not fit for a line or a page: %q", text)
		}
		var got struct {
			Session struct{ Note string }
			Quotes  []struct{ Name, Source string }
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v: %q", err, text)
		}
		valid := func(s string) string { return strings.ToValidUTF8(strings.ToValidUTF8(s, ""), "") }
		clean := func(s string) string { return valid(strings.ReplaceAll(s, "\ufffd", "")) }
		if clean(got.Quotes[0].Name) != clean(name) || clean(got.Quotes[0].Source) != clean(source) || clean(got.Session.Note) != clean(note) {
			t.Fatalf("%q came back as %+v", []string{name, source, note}, got)
		}
	})
}

func TestBoardInOtherLanguages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{Language: "ja"}, newTape(market.Crypto))
		defer stop()
		l := won("BTC", "비트코인")
		l.Name.En = ""
		in.List([]market.Listing{l})
		for language, want := range map[string][2]string{
			"": {"비트코인", "빗썸"}, "ko": {"비트코인", "빗썸"}, "en": {"비트코인", "Bithumb"}, "ja": {"BTC", "ビッサム"},
		} {
			synctest.Wait()
			b, _ := m.BoardIn(market.Crypto, language)
			if q := b.Quotes[0]; q.Name != want[0] || q.Source != want[1] {
				t.Errorf("in %q the row is %s of %s, want %s of %s", language, q.Name, q.Source, want[0], want[1])
			}
		}
		if b, _ := m.Board(market.Crypto); b.Quotes[0].Source != "ビッサム" {
			t.Errorf("in the site's language the source is %s", b.Quotes[0].Source)
		}
	})
}

func TestFormatChange(t *testing.T) {
	for change, want := range map[string]string{"1850000": "+1,850,000", "-1850000": "−1,850,000", "0": "0", "0.0": "0.0", "-0.3": "−0.3", "": "", "x": "x"} {
		if got := market.FormatChange(change); got != want {
			t.Errorf("FormatChange(%q) = %q, want %q", change, got, want)
		}
	}
	for d, want := range map[market.Direction]string{market.Up: "▲", market.Down: "▼", market.Flat: "", market.Unknown: ""} {
		if got := d.Arrow(); got != want {
			t.Errorf("the arrow of %s is %q, want %q", d, got, want)
		}
	}
}
