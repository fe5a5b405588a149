package market_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/market"
)

// A ledger holds every trade that was ever made, and when somebody watched, and says by looking through all of
// it what a board must show.
type ledger struct {
	trades  map[string][]market.Tick // by code, in order
	watches []watch
}

// watch is a stretch in which the venue was heard without a break.
type watch struct{ from, until time.Time } // until is zero while it lasts

// last returns the last trade at or before a moment.
func (l *ledger) last(code string, at time.Time) (market.Tick, bool) {
	for _, k := range slices.Backward(l.trades[code]) {
		if !k.At.After(at) {
			return k, true
		}
	}
	return market.Tick{}, false
}

// minutes makes the history of some minutes, and of the last one that had trades before.
func (l *ledger) minutes(code string, from, until time.Time) []market.Candle {
	if k, ok := l.last(code, from.Add(-time.Millisecond)); ok {
		from = k.At.Truncate(time.Minute)
	}
	var candles []market.Candle
	for _, k := range l.trades[code] {
		minute := k.At.Truncate(time.Minute)
		if minute.Before(from) || !minute.Before(until) {
			continue
		}
		if n := len(candles); n == 0 || !candles[n-1].Start.Equal(minute) {
			candles = append(candles, market.Candle{Start: minute, Open: k.Price, High: k.Price, Low: k.Price})
		}
		c := &candles[len(candles)-1]
		c.High, c.Low, c.Close = c.High.Max(k.Price), c.Low.Min(k.Price), k.Price
		c.Volume, _ = c.Volume.Add(k.Volume)
	}
	return candles
}

// known says whether anybody could tell the close of a minute that ends at end: it ended while the venue was
// heard, or the venue told, as it began to be heard again, a last trade from before that end.
func (l *ledger) known(code string, end time.Time) bool {
	for _, w := range l.watches {
		if w.from.Before(end) && (w.until.IsZero() || !end.After(w.until)) {
			return true
		}
		if told, ok := l.last(code, w.from); ok && told.At.Before(end) && !end.After(w.from) {
			return true
		}
	}
	return false
}

// base returns what the 24-hour change of a moment is against.
func (l *ledger) base(code string, now time.Time) (market.Decimal, bool) {
	end := now.Add(-24 * time.Hour).Truncate(time.Minute)
	last, ok := l.last(code, end.Add(-time.Millisecond))
	return last.Price, ok && l.known(code, end)
}

// The 24-hour change, each minute of 25 hours, with coins that are quiet for hours, through 00:00 and 09:00 in
// Seoul, two restarts and a lost connection, is what a look through all trades says, to the last digit.
func TestADayAgainstALookThroughAllTrades(t *testing.T) {
	eachInBubble(t, at(t, "2026-11-23T05:00:00+09:00"), func(t *testing.T, d *db.DB) { newDay(t, d).pass(25 * time.Hour) })
}

// rhythms is how often each coin is traded, in seconds from trade to trade on average.
var rhythms = []struct {
	key   string
	every float64
	price int64 // tenths of a won
}{
	{"BTC", 5, 1_284_500}, {"XRP", 20, 8130}, {"TRX", 90, 1870}, {"BSV", 700, 63_700}, {"SAND", 7000, 937},
}

// A day is a market, its venue, and the look through all trades.
type day struct {
	*ledger
	t        *testing.T
	db       *db.DB
	listings []market.Listing
	random   *rand.Rand
	next     []time.Time
	price    []int64
	previous []market.Decimal // of the exchange's own day, which must not matter

	market  *market.Market
	in      *market.Intake // nil: nobody listens
	stop    func()
	history bool

	checked, based, unknown, quiet int
}

func newDay(t *testing.T, d *db.DB) *day {
	y := &day{ledger: &ledger{trades: map[string][]market.Tick{}}, t: t, db: d, random: rand.New(rand.NewPCG(6, 24))}
	begun := time.Now()
	early := begun.Add(-25 * time.Hour)
	for _, r := range rhythms {
		y.listings = append(y.listings, won(r.key, r.key))
		y.price = append(y.price, r.price)
		y.previous = append(y.previous, dec(t, "1"))
		// Trades are at …100 ms, so that the board, which turns at …000 and …500, has them when it is looked at.
		y.next = append(y.next, early.Add(-time.Duration(y.random.IntN(3000))*time.Second+100*time.Millisecond))
	}
	y.watches = append(y.watches, watch{early, begun})
	y.trade(begun)
	return y
}

// trade makes all trades until a moment.
func (y *day) trade(now time.Time) {
	for i, r := range rhythms {
		for ; !y.next[i].After(now); y.next[i] = y.next[i].Add(time.Duration(1+int(y.random.ExpFloat64()*r.every)) * time.Second) {
			y.price[i] = max(100, y.price[i]+y.random.Int64N(21)-10)
			k := trade(y.t, "KRW-"+r.key, fmt.Sprintf("%d.%d", y.price[i]/10, y.price[i]%10), y.next[i])
			if hour := k.At.In(seoul).Hour(); hour == 0 || hour == 9 {
				y.previous[i] = k.Price
			}
			k.Previous = y.previous[i]
			y.trades[k.Code] = append(y.trades[k.Code], k)
			if y.in != nil {
				y.in.Tick(k)
			}
		}
	}
}

func (y *day) run() {
	v := newTape(market.Crypto)
	v.history = func(code string, from, until time.Time) ([]market.Candle, error) {
		if !y.history {
			return nil, market.ErrNoHistory
		}
		return y.minutes(code, from, until), nil
	}
	y.market, y.in, y.stop = start(y.t, market.Options{DB: y.db}, v)
	y.in.List(y.listings)
	sleep(50 * time.Millisecond) // kept candles and history are read
	y.history = false
	y.connect()
}

// connect begins to be heard: the venue tells its last trades.
func (y *day) connect() {
	y.watches = append(y.watches, watch{from: time.Now()})
	y.in.Heard()
	for _, l := range y.listings {
		if k, ok := y.last(l.Code, time.Now()); ok {
			y.in.Tick(k)
		}
	}
}

// silence lets a time pass in which nobody hears the venue.
func (y *day) silence(d time.Duration) {
	y.watches[len(y.watches)-1].until = time.Now()
	in := y.in
	y.in = nil
	for end := time.Now().Add(d); time.Now().Before(end); sleep(time.Second) {
		y.trade(time.Now())
	}
	y.trade(time.Now())
	y.in = in
}

func (y *day) pass(length time.Duration) {
	begun := time.Now()
	y.history = true
	y.run()
	for second := begun; time.Since(begun) < length; {
		switch time.Since(begun).Truncate(time.Second) {
		case 20*time.Minute + 30*time.Second:
			y.stop()
			y.silence(7 * time.Minute)
			y.run()
		case 40*time.Minute + 50*time.Second:
			y.in.Lost()
			y.silence(4 * time.Minute)
			y.connect()
		case 14*time.Hour + 59*time.Minute + 30*time.Second: // hardly a minute
			y.stop()
			y.silence(20 * time.Second)
			y.run()
		}
		for second.Before(time.Now()) {
			second = second.Add(time.Second)
		}
		sleep(time.Until(second) + 200*time.Millisecond)
		y.trade(time.Now())
		if second.Second()%10 == 0 {
			y.in.Heard()
		}
		// Once a minute, at another second each time.
		if second.Second() == 1+int(second.Unix()/60)%58 {
			sleep(600 * time.Millisecond)
			for _, l := range y.listings {
				y.check(l)
			}
			y.checked++
		}
	}
	y.stop()
	y.t.Logf("%d minutes checked: %d rows had a base, %d had none, %d were quiet for minutes", y.checked, y.based, y.unknown, y.quiet)
	if y.checked < 25*60-15 || y.based < 7000 || y.unknown < 30 || y.quiet < 1500 {
		y.t.Errorf("the day was too easy")
	}
}

func (y *day) check(l market.Listing) {
	now := time.Now()
	got := quote(y.t, y.market, market.Crypto, l.Key)
	last, _ := y.last(l.Code, now)
	want := got
	want.Price = last.Price.Trim(0).Pad(market.WonStep(last.Price).MinScale()).String()
	want.At, want.State = last.At.UTC(), market.Live
	want.Basis, want.Change, want.ChangeRate = market.NoBasis, "", ""
	base, known := y.base(l.Code, now)
	if known {
		want.Basis, want.ChangeRate = market.Day, exactRate(rat(y.t, last.Price), rat(y.t, base))
		change, err := last.Price.Sub(base)
		if err != nil {
			y.t.Fatal(err)
		}
		want.Change = change.Trim(0).Pad(market.WonStep(last.Price).MinScale()).String()
		y.based++
	} else {
		y.unknown++
	}
	if now.Sub(last.At) > 5*time.Minute {
		y.quiet++
	}
	if got != want {
		y.t.Fatalf("at %s against %s (known: %t):\n%+v, want\n%+v", now.In(seoul), base, known, got, want)
	}
}
