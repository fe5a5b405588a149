package market_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"sokbo/internal/market"
)

func TestTicksThatAreNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{}, newTape(market.Crypto))
		defer stop()
		in.List([]market.Listing{won("BTC", "비트코인")})
		now := time.Now()
		tick := func(price string, after time.Duration, seq int64) market.Tick {
			k := trade(t, "KRW-BTC", price, now.Add(after))
			k.Seq = seq
			return k
		}
		noPrice := tick("1", 0, 0)
		noPrice.Price = market.Decimal{}
		noVolume := tick("100000", time.Millisecond, 0)
		noVolume.Volume = dec(t, "-1")
		other := tick("100000", 0, 0)
		other.Code = "KRW-DOGE"
		for _, c := range []struct {
			what  string
			tick  market.Tick
			drop  market.Drop
			taken bool
		}{
			{"the first", tick("100000", 0, 10), 0, true},
			{"the same again", tick("100000", 0, 10), market.Duplicate, false},
			{"the same number with another price", tick("100500", 0, 10), market.Duplicate, false},
			{"a lower number of the same moment", tick("100500", 0, 9), market.OutOfOrder, false},
			{"a higher number of the same moment", tick("100100", 0, 11), 0, true},
			{"another price of the same moment, without number", tick("100200", 0, 0), 0, true},
			{"the same without number", tick("100200", 0, 0), market.Duplicate, false},
			{"an older one", tick("100000", -time.Millisecond, 0), market.OutOfOrder, false},
			{"an unknown code", other, market.UnknownCode, false},
			{"no price", noPrice, market.NotPositive, false},
			{"a negative price", tick("-100000", time.Millisecond, 0), market.NotPositive, false},
			{"a negative volume", noVolume, market.NotPositive, false},
			{"twice the price", tick("200400", time.Millisecond, 0), 0, true},
			{"a little more than twice", tick("400801", 2*time.Millisecond, 0), market.Absurd, false},
			{"a thousand times the price", tick("200400000", 2*time.Millisecond, 0), market.Absurd, false},
			{"half the price", tick("100200", 2*time.Millisecond, 0), 0, true},
			{"a little less than half", tick("50099", 3*time.Millisecond, 0), market.Absurd, false},
			{"as far ahead as clocks may be", tick("100300", market.MaxAhead, 0), 0, true},
			{"further ahead", tick("100300", market.MaxAhead+time.Millisecond, 0), market.Future, false},
		} {
			before := m.Counts(market.Crypto)
			in.Tick(c.tick)
			want := maps.Clone(before.Dropped)
			if c.taken {
				before.Taken++
			} else {
				want[c.drop]++
			}
			if got := m.Counts(market.Crypto); got.Taken != before.Taken || !maps.Equal(got.Dropped, want) {
				t.Errorf("%s: %d taken and %v, want %d and %v", c.what, got.Taken, got.Dropped, before.Taken, want)
			}
		}
		sleep(time.Second)
		if q := quote(t, m, market.Crypto, "BTC"); q.Price != "100300" {
			t.Errorf("after all the price is %s", q.Price)
		}
	})
}

// A price that stays absurd is news of another kind: the row is stale meanwhile, and the new level is taken in
// the end.
func TestANewLevelIsTakenInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{}, newTape(market.Crypto))
		defer stop()
		in.List([]market.Listing{won("BTC", "비트코인")})
		in.Tick(trade(t, "KRW-BTC", "100000", time.Now()))
		begun := time.Now()
		for quote(t, m, market.Crypto, "BTC").Price != "1000" {
			sleep(time.Second)
			in.Tick(trade(t, "KRW-BTC", "1000", time.Now()))
			if since := time.Since(begun); since > market.SeenGrace+2*time.Second && since < market.JumpMemory {
				if q := quote(t, m, market.Crypto, "BTC"); q.State != market.Stale || q.Price != "100000" {
					t.Fatalf("after %v of absurd ticks the row is %+v", since, q)
				}
			}
		}
		if took := time.Since(begun); took < market.JumpMemory || took > market.JumpMemory+5*time.Second {
			t.Errorf("the new level was taken after %v", took)
		}
		sleep(time.Second)
		if q := quote(t, m, market.Crypto, "BTC"); q.State != market.Live {
			t.Errorf("then the row is %s", q.State)
		}
	})
}

// running is a market with coins outside of a bubble, for what is counted and measured.
func running(tb testing.TB, rows int) (*market.Market, *market.Intake, []market.Listing) {
	v := newTape(market.Crypto)
	m, err := market.New(tb.Context(), market.Options{Feeds: []market.Venue{v}, Zone: seoul})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	in := <-v.intakes
	var listings []market.Listing
	for i := range rows {
		listings = append(listings, won(fmt.Sprintf("C%d", i), "코인"))
	}
	in.List(listings)
	tb.Cleanup(func() { cancel(); <-done })
	return m, in, listings
}

func TestATickAllocatesNothing(t *testing.T) {
	_, in, listings := running(t, 12)
	tick := trade(t, "", "128450000", time.Now().Add(-25*time.Second))
	n := 0
	allocs := testing.AllocsPerRun(20_000, func() {
		n++
		tick.Code = listings[n%12].Code
		tick.At = tick.At.Add(time.Millisecond)
		in.Tick(tick)
	})
	if allocs != 0 {
		t.Errorf("a tick allocates %v times", allocs)
	}
}

func BenchmarkTick(b *testing.B) {
	_, in, listings := running(b, 12)
	prices := [2]market.Decimal{dec(b, "128450000"), dec(b, "128451000")}
	tick := trade(b, "", "1", time.Time{})
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		tick.Code, tick.Price, tick.At = listings[n%12].Code, prices[n/12%2], time.Now()
		in.Tick(tick)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	m, in, listings := running(b, 12)
	told := make(chan market.Board, 1)
	m.Watch(market.Crypto, func(all market.Board, _ []market.Quote) {
		if all.Quotes[11].Price != "" {
			select {
			case told <- all:
			default:
			}
		}
	})
	for _, l := range listings {
		in.Tick(trade(b, l.Code, "128450000", time.Now()))
	}
	board := <-told
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(board.Snapshot("board.crypto"))))
	}
}
