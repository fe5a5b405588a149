package market_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sokbo/internal/fault"
	"sokbo/internal/market"
)

// pinged keeps a venue heard as a ping every ten seconds does, until stopped.
func pinged(in *market.Intake) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for beat := time.NewTicker(10 * time.Second); ; {
			select {
			case <-ctx.Done():
				beat.Stop()
				return
			case <-beat.C:
				in.Heard()
			}
		}
	}()
	return func() { cancel(); <-done }
}

// until waits for a state and returns how long that took, at most a minute.
func until(t *testing.T, m *market.Market, board, key string, want market.State) time.Duration {
	t.Helper()
	begun := time.Now()
	for time.Since(begun) < time.Minute {
		if quote(t, m, board, key).State == want {
			return time.Since(begun)
		}
		sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s is not %s after a minute but %+v", key, want, quote(t, m, board, key))
	return 0
}

const (
	staleLimit = 30 * time.Second // after the venue stopped answering
	liveLimit  = 5 * time.Second  // after a fresh price
)

func TestStaleAndLiveInTime(t *testing.T) {
	for _, interval := range []time.Duration{market.MinInterval, market.MaxInterval} {
		t.Run(interval.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { staleAndLive(t, interval) })
		})
	}
}

func staleAndLive(t *testing.T, interval time.Duration) {
	m, in, stop := start(t, market.Options{}, newTape(market.Crypto))
	defer stop()
	m.SetInterval(interval)
	in.List([]market.Listing{won("BTC", "비트코인"), won("SAND", "샌드박스")})
	ping := pinged(in)
	in.Tick(trade(t, "KRW-BTC", "100000", time.Now()))
	in.Tick(trade(t, "KRW-SAND", "90", time.Now()))
	if took := until(t, m, market.Crypto, "SAND", market.Live); took > liveLimit {
		t.Errorf("live after %v", took)
	}

	// A quiet coin of a venue that answers stays live.
	for range 60 {
		sleep(time.Minute)
		if q := quote(t, m, market.Crypto, "SAND"); q.State != market.Live {
			t.Fatalf("a quiet coin is %s", q.State)
		}
	}

	// The venue stops answering.
	ping()
	silent := time.Now()
	until(t, m, market.Crypto, "BTC", market.Stale)
	if took := time.Since(silent); took > staleLimit {
		t.Errorf("stale after %v", took)
	}
	q := quote(t, m, market.Crypto, "BTC")
	if q.Price != "100000" || q.At.IsZero() {
		t.Errorf("a stale row keeps its price and time, not %+v", q)
	}

	// An answer alone makes no price fresh: only the coin that is told is live again.
	sleep(5 * time.Minute)
	ping = pinged(in)
	in.Heard()
	in.Tick(trade(t, "KRW-BTC", "101000", time.Now()))
	if took := until(t, m, market.Crypto, "BTC", market.Live); took > liveLimit {
		t.Errorf("live again after %v", took)
	}
	sleep(time.Minute)
	if q := quote(t, m, market.Crypto, "SAND"); q.State != market.Stale {
		t.Errorf("a coin that was not told after the silence is %s", q.State)
	}
	// Its last trade again is fresh enough, and so is the word that there was none since.
	again := trade(t, "KRW-SAND", "90", quote(t, m, market.Crypto, "SAND").At)
	in.Tick(again)
	if took := until(t, m, market.Crypto, "SAND", market.Live); took > liveLimit {
		t.Errorf("live again after %v", took)
	}

	// A quick reconnect is not seen; a coin that is not told after it is stale.
	in.Lost()
	sleep(2 * time.Second)
	in.Heard()
	in.Tick(trade(t, "KRW-BTC", "101500", time.Now()))
	for range 20 {
		if q := quote(t, m, market.Crypto, "BTC"); q.State != market.Live {
			t.Fatalf("after a quick reconnect the row is %s", q.State)
		}
		sleep(time.Second)
	}
	if q := quote(t, m, market.Crypto, "SAND"); q.State != market.Stale {
		t.Errorf("a coin that was not told after a reconnect is %s", q.State)
	}
	in.Seen("KRW-SAND", again.At)
	if took := until(t, m, market.Crypto, "SAND", market.Live); took > liveLimit {
		t.Errorf("live again after %v", took)
	}

	// The venue holds newer trades than it sends: told by its ticker every ten seconds.
	stalled := time.Now()
	for quote(t, m, market.Crypto, "BTC").State != market.Stale {
		if time.Since(stalled) > staleLimit {
			t.Fatalf("a stall is not seen after %v", time.Since(stalled))
		}
		if time.Since(stalled)%(10*time.Second) == 0 {
			in.Seen("KRW-BTC", time.Now())
		}
		sleep(500 * time.Millisecond)
	}
	if q := quote(t, m, market.Crypto, "SAND"); q.State != market.Live {
		t.Errorf("a stall of another coin makes it %s", q.State)
	}
	in.Tick(trade(t, "KRW-BTC", "102000", time.Now()))
	if took := until(t, m, market.Crypto, "BTC", market.Live); took > liveLimit {
		t.Errorf("live again after %v", took)
	}
	// A stream that is a little behind the ticker, as streams are, is not a stall.
	for range 30 {
		in.Seen("KRW-BTC", time.Now())
		sleep(market.SeenGrace - time.Second)
		in.Tick(trade(t, "KRW-BTC", "102500", time.Now()))
		if q := quote(t, m, market.Crypto, "BTC"); q.State != market.Live {
			t.Fatalf("a stream that lags by %v is %s", market.SeenGrace-time.Second, q.State)
		}
	}
	ping()
}

func TestStatesOfARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{}, newTape(market.Crypto))
		defer stop()
		ping := pinged(in)
		defer ping()
		quick, late, steady := won("BTC", "비트코인"), won("ETH", "이더리움"), won("XRP", "리플")
		late.Delay = 20 * time.Minute
		steady.Rhythm = 15 * time.Second
		in.List([]market.Listing{quick, late, steady})
		in.Tick(trade(t, "KRW-BTC", "100000", time.Now()))
		in.Tick(trade(t, "KRW-ETH", "5000", time.Now().Add(-late.Delay)))
		in.Tick(trade(t, "KRW-XRP", "800", time.Now()))
		sleep(time.Second)
		want := func(what string, states ...market.State) {
			t.Helper()
			sleep(600 * time.Millisecond)
			for i, key := range []string{"BTC", "ETH", "XRP"} {
				if q := quote(t, m, market.Crypto, key); q.State != states[i] {
					t.Errorf("%s: %s is %s, want %s", what, key, q.State, states[i])
				}
			}
		}
		want("at first", market.Live, market.Delayed, market.Live)
		// What a delayed source holds and may not give yet is no stall.
		in.Seen("KRW-ETH", time.Now())
		sleep(late.Delay)
		want("past its rhythm", market.Live, market.Delayed, market.Stale)
		in.Tick(trade(t, "KRW-XRP", "800", time.Now()))
		in.Halt("KRW-BTC", true)
		in.List([]market.Listing{quick, steady})
		want("halted and delisted", market.Halted, market.Delisted, market.Live)
		b, _ := m.Board(market.Crypto)
		if b.Quotes[1].Key != "ETH" || b.Quotes[1].Price != "5000" {
			t.Errorf("a delisted row leaves its place: %+v", b.Quotes)
		}
		in.Halt("KRW-BTC", false)
		in.List([]market.Listing{quick, late, steady})
		want("back again", market.Live, market.Delayed, market.Live)
	})
}

// A row keeps its key under another name, and under another code, which is another instrument.
func TestRenamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{}, newTape(market.Crypto))
		defer stop()
		eos := won("EOS", "이오스")
		in.List([]market.Listing{won("BTC", "비트코인"), eos, won("TRX", "트론")})
		in.Tick(trade(t, "KRW-EOS", "846", time.Now()))
		eos.Name.Ko = "볼타"
		in.List([]market.Listing{won("BTC", "비트코인"), eos, won("TRX", "트론")})
		sleep(time.Second)
		if q := quote(t, m, market.Crypto, "EOS"); q.Name != "볼타" || q.Price != "846" || q.Instrument != "tape:KRW-EOS" {
			t.Errorf("under another name the row is %+v", q)
		}
		eos.Code = "KRW-A"
		in.List([]market.Listing{won("BTC", "비트코인"), eos, won("TRX", "트론")})
		sleep(time.Second)
		if q := quote(t, m, market.Crypto, "EOS"); q.Price != "" || q.Instrument != "tape:KRW-A" {
			t.Errorf("under another code the row is %+v", q)
		}
		in.Tick(trade(t, "KRW-EOS", "846", time.Now()))
		in.Tick(trade(t, "KRW-A", "900", time.Now()))
		sleep(time.Second)
		if q := quote(t, m, market.Crypto, "EOS"); q.Price != "900" {
			t.Errorf("by the new code the row is %+v", q)
		}
		if got := m.Counts(market.Crypto).Dropped[market.UnknownCode]; got != 1 {
			t.Errorf("%d ticks of the old code were dropped, want 1", got)
		}
	})
}

func TestMoversAreRankedAndStandStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{}, newTape(market.Movers))
		defer stop()
		ping := pinged(in)
		defer ping()
		var listings []market.Listing
		for _, key := range strings.Split("A B C D E F G H I J K L M", " ") {
			l := won(key, key+"전자")
			l.Code = key
			listings = append(listings, l)
		}
		in.List(listings)
		in.Session(market.SessionOpen, "2026-11-23", market.Text{Ko: "11.23 장중", En: "11.23 open"})
		rise := func(key, price string) {
			k := trade(t, key, price, time.Now())
			k.Previous = dec(t, "10000")
			in.Tick(k)
		}
		for key, price := range map[string]string{
			"A": "13000", "B": "10010", "C": "9000", "D": "10000", "E": "11000", "F": "11000", "G": "12000",
			"H": "10100", "I": "10200", "J": "10300", "K": "10400", "L": "10500", "M": "10600",
		} {
			rise(key, price)
		}
		order := func() string {
			t.Helper()
			sleep(time.Second)
			b, _ := m.Board(market.Movers)
			keys := ""
			for _, q := range b.Quotes {
				keys += q.Key
				if q.Basis != market.PreviousClose {
					t.Errorf("%s has the basis %s", q.Key, q.Basis)
				}
			}
			return keys
		}
		if got := order(); got != "AGEFMLKJIH" {
			t.Errorf("the list is %s; want the ten that rose most, AGEFMLKJIH", got)
		}
		in.Halt("G", true)
		rise("C", "13000")
		if got := order(); got != "ACEFMLKJIH" {
			t.Errorf("with one halted and one risen the list is %s, want ACEFMLKJIH", got)
		}
		if q := quote(t, m, market.Movers, "A"); q.Change != "3000" || q.ChangeRate != "0.30000000" || q.State != market.Live {
			t.Errorf("the first is %+v", q)
		}
		in.Session(market.SessionClosed, "2026-11-23", market.Text{Ko: "11.23 장종료", En: "11.23 closed"})
		sleep(time.Second)
		b, _ := m.Board(market.Movers)
		if want := (market.Session{State: market.SessionClosed, Date: "2026-11-23", Note: "11.23 장종료"}); b.Session != want {
			t.Errorf("the session is %+v", b.Session)
		}
		if en, _ := m.BoardIn(market.Movers, "en"); en.Session.Note != "11.23 closed" {
			t.Errorf("in English it is %q", en.Session.Note)
		}
		for _, q := range b.Quotes {
			if q.State != market.Closed {
				t.Errorf("after the close %s is %s", q.Key, q.State)
			}
		}
		ping()
		frames := 0
		m.Watch(market.Movers, func(market.Board, []market.Quote) { frames++ })
		sleep(10 * time.Minute)
		if frames != 1 {
			t.Errorf("%d frames while it stands still; want the first state only", frames)
		}
		// Rows that are no longer listed go from a ranked board.
		in.List(listings[:2])
		if got := order(); got != "AB" {
			t.Errorf("with two listed the list is %s", got)
		}
	})
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{}, newTape(market.Crypto))
		defer stop()
		in.List([]market.Listing{won("BTC", "비트코인"), won("ETH", "이더리움")})
		sleep(600 * time.Millisecond)
		type call struct {
			whole bool
			keys  string
		}
		var calls []call
		m.Watch(market.Crypto, func(all market.Board, changed []market.Quote) {
			c := call{whole: changed == nil}
			for _, q := range changed {
				c.keys += q.Key + " "
			}
			calls = append(calls, c)
			if now, _ := m.Board(market.Crypto); now.AsOf.Before(all.AsOf) {
				t.Errorf("watchers are told of %v before the board is of %v", all.AsOf, now.AsOf)
			}
		})
		want := func(what string, whole bool, keys string) {
			t.Helper()
			sleep(market.MinInterval)
			if len(calls) != 1 || calls[0] != (call{whole, keys}) {
				t.Errorf("%s: %+v, want one call with %q, whole %t", what, calls, keys, whole)
			}
			calls = nil
		}
		want("at first", true, "")
		in.Tick(trade(t, "KRW-ETH", "5000", time.Now()))
		want("one tick", false, "ETH ")
		// A first price does not wait for the interval, so it comes before the many.
		in.Tick(trade(t, "KRW-BTC", "100000", time.Now()))
		want("another first price", false, "BTC ")
		for i := range 100 {
			k := trade(t, "KRW-BTC", "100000", time.Now())
			k.Seq = int64(i + 1)
			in.Tick(k)
		}
		in.Tick(trade(t, "KRW-ETH", "5001", time.Now()))
		want("many ticks", false, "BTC ETH ")
		sleep(market.MinInterval)
		if len(calls) != 0 {
			t.Errorf("nothing changed: %+v", calls)
		}
		in.List([]market.Listing{won("ETH", "이더리움"), won("BTC", "비트코인")})
		want("another order", true, "")

		// Stretched, the board waits; the interval says so.
		m.SetInterval(3 * time.Second)
		in.Tick(trade(t, "KRW-BTC", "100100", time.Now()))
		sleep(3 * time.Second)
		calls = nil
		for i := range 60 {
			in.Tick(trade(t, "KRW-BTC", []string{"100100", "100200"}[i%2], time.Now()))
			sleep(500 * time.Millisecond)
		}
		if len(calls) != 10 {
			t.Errorf("%d frames in 30 s at an interval of 3 s", len(calls))
		}
		if b, _ := m.Board(market.Crypto); b.Interval != 3*time.Second {
			t.Errorf("the board's interval is %v", b.Interval)
		}
		for d, want := range map[time.Duration]time.Duration{0: market.MinInterval, time.Hour: market.MaxInterval} {
			m.SetInterval(d)
			in.Tick(trade(t, "KRW-BTC", "100300", time.Now()))
			sleep(market.MaxInterval + time.Second)
			if b, _ := m.Board(market.Crypto); b.Interval != want {
				t.Errorf("asked for %v the interval is %v, want %v", d, b.Interval, want)
			}
		}
	})
}

// At midnight in the site's zone the board is of another day, and nothing else changes.
func TestMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, in, stop := start(t, market.Options{}, newTape(market.Crypto)) // 2000-01-01 09:00 in Seoul
		defer stop()
		in.List([]market.Listing{won("BTC", "비트코인")})
		sleep(15*time.Hour - time.Second)
		b, _ := m.Board(market.Crypto)
		if b.Session.Date != "2000-01-01" {
			t.Errorf("before midnight the date is %s", b.Session.Date)
		}
		var changed [][]market.Quote
		m.Watch(market.Crypto, func(_ market.Board, c []market.Quote) { changed = append(changed, c) })
		sleep(2 * time.Second)
		b, _ = m.Board(market.Crypto)
		if b.Session != (market.Session{State: market.SessionAlways, Date: "2000-01-02"}) {
			t.Errorf("after midnight the session is %+v", b.Session)
		}
		if len(changed) != 2 || changed[1] == nil || len(changed[1]) != 0 {
			t.Errorf("watchers were told %v", changed)
		}
	})
}

// A rough venue fails, panics and comes back; another one goes on.
type rough struct {
	*tape
	runs chan time.Time
}

func (v rough) Run(ctx context.Context, in *market.Intake) error {
	v.runs <- time.Now()
	if len(v.runs)%2 == 0 {
		panic("a defect in an adapter")
	}
	return errors.New("connection refused")
}

func TestAVenueThatFailsIsFollowedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := rough{newTape(market.Movers), make(chan time.Time, 100)}, newTape(market.Crypto)
		m, err := market.New(t.Context(), market.Options{Feeds: []market.Venue{bad, good}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		in := <-good.intakes
		in.List([]market.Listing{won("BTC", "비트코인")})
		in.Tick(trade(t, "KRW-BTC", "100000", time.Now()))
		sleep(10 * time.Minute)
		if n := len(bad.runs); n < 14 || n > 45 {
			t.Errorf("a venue that fails at once was started %d times in ten minutes", n)
		}
		before, wait := <-bad.runs, time.Duration(0)
		for range 10 {
			next := <-bad.runs
			wait, before = next.Sub(before), next
		}
		if wait < market.RestartMax/2 || wait > 2*market.RestartMax {
			t.Errorf("in the end it waits %v between two starts", wait)
		}
		in.Tick(trade(t, "KRW-BTC", "100500", time.Now()))
		sleep(time.Second)
		if q := quote(t, m, market.Crypto, "BTC"); q.Price != "100500" || q.State != market.Live {
			t.Errorf("the other venue's row is %+v", q)
		}
		cancel()
		<-done
	})
}

func TestFeedsThatDoNotFit(t *testing.T) {
	for what, feeds := range map[string][]market.Venue{
		"two of one board":    {newTape(market.Crypto), newTape(market.Crypto)},
		"of an unknown board": {newTape("weather")},
	} {
		if _, err := market.New(t.Context(), market.Options{Feeds: feeds}); fault.CodeOf(err) != "market-feeds" {
			t.Errorf("feeds %s: %v", what, err)
		}
	}
	m, err := market.New(t.Context(), market.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{market.Crypto, market.Movers, "weather", ""} {
		if b, ok := m.Board(name); ok {
			t.Errorf("a market without feeds has the board %+v", b)
		}
	}
}
