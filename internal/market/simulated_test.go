package market_test

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/market"
)

const simulatedSeed = 20261124

func venue(t testing.TB, board string) market.Venue {
	t.Helper()
	for _, v := range market.Simulated(simulatedSeed) {
		if v.About().Board == board {
			return v
		}
	}
	t.Fatalf("nothing simulates %s", board)
	return nil
}

var simulatedCodes = []string{"KRW-BTC", "KRW-ETH", "KRW-BCH", "KRW-XRP", "KRW-SOL", "KRW-ADA", "KRW-EOS", "KRW-TRX", "KRW-XLM", "KRW-BSV", "KRW-LINK", "KRW-SAND"}

func history(t testing.TB, code string, from, until time.Time) []market.Candle {
	t.Helper()
	c, err := venue(t, market.Crypto).History(t.Context(), code, from, until)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A fresh start computes its day at once.
func TestSimulatedDayIsQuick(t *testing.T) {
	best := time.Hour
	for range 3 {
		begun := time.Now()
		for _, code := range simulatedCodes {
			history(t, code, noon.Add(-24*time.Hour-time.Minute), noon)
		}
		best = min(best, time.Since(begun))
	}
	if best > 100*time.Millisecond && !raceDetector {
		t.Errorf("a day of twelve coins took %v, want at most 100 ms", best)
	}
	t.Logf("a day of twelve coins in %v", best)
}

func BenchmarkSimulatedDay(b *testing.B) {
	for b.Loop() {
		for _, code := range simulatedCodes {
			history(b, code, noon.Add(-24*time.Hour-time.Minute), noon)
		}
	}
}

// The same minute is the same from wherever it is asked, and the same on every machine.
func TestSimulatedMinutesRepeat(t *testing.T) {
	closeOf := func(code string, from, until time.Time) string {
		c := history(t, code, from, until)
		return c[len(c)-1].Close.String()
	}
	for code, want := range map[string]string{"KRW-BTC": "131706000", "KRW-XLM": "163", "KRW-SAND": "98.3"} {
		until := noon.Add(5 * time.Minute)
		for _, from := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
			if got := closeOf(code, until.Add(-from), until); got != want {
				t.Errorf("%s at %v, asked from %v before, closes at %s; want %s", code, until, from, got, want)
			}
		}
	}
	a := history(t, "KRW-EOS", noon, noon.Add(time.Hour))
	b := history(t, "KRW-A", noon, noon.Add(time.Hour))
	if !slices.Equal(a, b) {
		t.Error("EOS has another history under its other code")
	}
	if _, err := venue(t, market.Crypto).History(t.Context(), "KRW-DOGE", noon, noon.Add(time.Hour)); err == nil {
		t.Error("there is a history of a coin that is not listed")
	}
}

// Half a year of daily closes: plausible levels, plausible days, together, and no drift.
func TestSimulatedCoinsMoveAsCoinsDo(t *testing.T) {
	levels := map[string]float64{
		"KRW-BTC": 128_450_000, "KRW-ETH": 4_848_000, "KRW-BCH": 546_500, "KRW-XRP": 813, "KRW-SOL": 226_300, "KRW-ADA": 618,
		"KRW-EOS": 846, "KRW-TRX": 187, "KRW-XLM": 150, "KRW-BSV": 63_700, "KRW-LINK": 19_980, "KRW-SAND": 93.7,
	}
	const days = 360
	returns := map[string][]float64{}
	for _, code := range simulatedCodes {
		before := 0.0
		for d := range days {
			at := noon.Add(time.Duration(d-days) * 24 * time.Hour)
			c := history(t, code, at.Add(-time.Minute), at)
			last := c[len(c)-1].Close
			if step := market.WonStep(last); !multiple(t, last, step) {
				t.Fatalf("%s closes at %s, which does not lie on the step %s", code, last, step)
			}
			now, _ := last.Float64()
			if now < levels[code]*0.55 || now > levels[code]*1.5 {
				t.Errorf("%s is %v at %v, far from %v", code, now, at, levels[code])
			}
			if before != 0 {
				returns[code] = append(returns[code], now/before-1)
			}
			before = now
		}
		if sd := deviation(returns[code]); sd < 0.01 || sd > 0.05 {
			t.Errorf("%s moves by %.2f %% a day", code, 100*sd)
		}
	}
	for _, code := range simulatedCodes[1:] {
		if c := correlation(returns["KRW-BTC"], returns[code]); c < 0.5 || c > 0.99 {
			t.Errorf("%s moves with bitcoin at a correlation of %.2f", code, c)
		}
	}
}

func multiple(t testing.TB, d, step market.Decimal) bool {
	t.Helper()
	_, rest, err := d.QuoRem(step)
	if err != nil {
		t.Fatal(err)
	}
	return rest.IsZero()
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func covariance(x, y []float64) float64 {
	mx, my, sum := mean(x), mean(y), 0.0
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return sum / float64(len(x))
}

func deviation(x []float64) float64      { return math.Sqrt(covariance(x, x)) }
func correlation(x, y []float64) float64 { return covariance(x, y) / deviation(x) / deviation(y) }

// seen is what one row was in the course of ten minutes.
type seen struct {
	states map[market.State]time.Duration
	names  map[string]bool
}

// Twenty minutes of the whole simulated market, on a database: in each ten every state is to be seen, and the
// board moves all the time.
func TestSimulatedTenMinutes(t *testing.T) {
	eachInBubble(t, noon, func(t *testing.T, d *db.DB) {
		m, err := market.New(t.Context(), market.Options{DB: d, Feeds: market.Simulated(simulatedSeed), Zone: seoul, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
		if err != nil {
			t.Fatal(err)
		}
		d.Follow(m)
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { m.Run(ctx) })
		defer func() { cancel(); run.Wait() }()

		sleep(market.MinInterval + 200*time.Millisecond)
		b, ok := m.Board(market.Crypto)
		if !ok || len(b.Quotes) != 12 {
			t.Fatalf("just after the start the board is %+v", b)
		}
		for _, q := range b.Quotes {
			if q.Basis != market.Day || q.State != market.Live {
				t.Errorf("just after the start a row is %+v", q)
			}
		}
		for range 2 {
			tenMinutes(t, m)
		}
		if got := m.Counts(market.Crypto).Dropped; len(got) > 1 || got[market.Duplicate] > 12 {
			t.Errorf("of a market without faults %v were dropped", got)
		}
		if got := m.Counts(market.Movers).Dropped; len(got) > 1 || got[market.Duplicate] > 2*24 {
			t.Errorf("of a market without faults %v were dropped", got)
		}
		// What was kept minute by minute is what the history says, to the close.
		for _, code := range []string{"KRW-BTC", "KRW-SOL", "KRW-LINK", "KRW-XLM", "KRW-BSV"} {
			for _, line := range candles(t, d, "simulated:"+code)[24*60:] {
				part := strings.Fields(line)
				hour, minute, _ := strings.Cut(part[0], ":")
				h, _ := strconv.Atoi(hour)
				m, _ := strconv.Atoi(minute)
				end := time.Date(2026, 11, 23, h, m+1, 0, 0, time.UTC)
				c := history(t, code, end.Add(-time.Minute), end)
				if want := c[len(c)-1].Close; want.String() != part[4] {
					t.Errorf("%s closed at %s, as history says at %s", code, line, want)
				}
			}
		}
	})
}

func tenMinutes(t *testing.T, m *market.Market) {
	begun := time.Now()
	rows := map[string]*seen{}
	sessions := map[market.SessionState]string{}
	prices, moved, longest := map[string]string{}, begun, time.Duration(0)
	for ; time.Since(begun) < 10*time.Minute; sleep(250 * time.Millisecond) {
		for _, name := range []string{market.Crypto, market.Movers} {
			b, _ := m.Board(name)
			for _, q := range b.Quotes {
				if !q.Simulated || q.Source != "모의 시세" {
					t.Fatalf("not marked as simulated: %+v", q)
				}
				r := rows[name]
				if name == market.Crypto {
					r = rows[q.Key]
				}
				if r == nil {
					r = &seen{map[market.State]time.Duration{}, map[string]bool{}}
					rows[q.Key] = r
					if name == market.Movers {
						rows[name] = r
					}
				}
				r.states[q.State] += 250 * time.Millisecond
				r.names[q.Name] = true
				if name == market.Crypto && prices[q.Key] != q.Price {
					prices[q.Key] = q.Price
					longest = max(longest, time.Since(moved))
					moved = time.Now()
				}
			}
			if name == market.Movers {
				sessions[b.Session.State] = b.Session.Note
				checkMovers(t, b)
			}
		}
	}
	if longest > market.MinInterval {
		t.Errorf("the prices stood still for %v", longest)
	}
	total := map[market.State]time.Duration{}
	for key, r := range rows {
		if key == market.Movers {
			continue
		}
		for s, d := range r.states {
			total[s] += d
		}
	}
	for state, least := range map[market.State]time.Duration{
		market.Live: 100 * time.Minute, market.Stale: 25 * time.Second, market.Halted: 55 * time.Second, market.Delisted: 55 * time.Second,
		market.Delayed: 55 * time.Second, market.Closed: time.Minute,
	} {
		if total[state] < least {
			t.Errorf("rows were %s for %v, want %v at least", state, total[state], least)
		}
	}
	if stocks := rows[market.Movers].states; stocks[market.Stale] < 10*time.Second {
		t.Errorf("the stock feed was stale for %v of its rows", stocks[market.Stale])
	}
	if len(rows["EOS"].names) != 2 {
		t.Errorf("EOS was %v", rows["EOS"].names)
	}
	if len(sessions) != 5 || sessions[market.SessionOpen] != "11.23 장중" || sessions[market.SessionClosed] != "11.23 장종료" ||
		!regexp.MustCompile(`^11\.23 \d\d:\d\d 장종료$`).MatchString(sessions[market.SessionAfter]) {
		t.Errorf("the session went through %v", sessions)
	}
}

func checkMovers(t *testing.T, b market.Board) {
	t.Helper()
	before := 1.0
	for _, q := range b.Quotes {
		price, change := dec(t, q.Price), dec(t, q.Change)
		previous, err := price.Sub(change)
		if err != nil {
			t.Fatal(err)
		}
		whole, _, _ := previous.Int64(0)
		_, high := market.KRXLimits(whole)
		now, _, _ := price.Int64(0)
		rate, _ := dec(t, q.ChangeRate).Float64()
		if q.Basis != market.PreviousClose || !multiple(t, price, market.KRXStep(price)) || now > high || rate <= 0 || rate > before {
			t.Fatalf("a row that no stock exchange has: %+v after %v", q, before)
		}
		before = rate
	}
	if len(b.Quotes) > market.MoversShown {
		t.Fatalf("%d rows", len(b.Quotes))
	}
}

// Every day of the simulated stock market keeps to its limits, begins where the one before ended, and has
// something to show.
func TestSimulatedStocksKeepTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		m, err := market.New(t.Context(), market.Options{Feeds: []market.Venue{venue(t, market.Movers)}, Zone: seoul})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { m.Run(ctx) })
		defer func() { cancel(); run.Wait() }()
		m.SetInterval(market.MaxInterval)
		closes, best, shown := map[string]string{}, map[string]float64{}, map[string]bool{}
		for day := range 48 {
			sleep(time.Until(noon.Add(time.Duration(day)*10*time.Minute + 7*time.Minute)))
			open, _ := m.Board(market.Movers)
			checkMovers(t, open)
			if open.Session.State != market.SessionOpen || len(open.Quotes) < 5 {
				t.Errorf("day %d has only %d rising stocks at %s", day, len(open.Quotes), open.Session.State)
			}
			today := map[string]string{}
			for _, q := range open.Quotes {
				price, _ := dec(t, q.Price).Sub(dec(t, q.Change))
				if was, ok := closes[q.Key]; ok && was != price.String() {
					t.Errorf("day %d: %s closed at %s and is compared with %s", day, q.Key, was, price)
				}
				shown[q.Key] = true
			}
			sleep(time.Minute)
			closed, _ := m.Board(market.Movers)
			for _, q := range closed.Quotes {
				today[q.Key] = q.Price
				rate, _ := dec(t, q.ChangeRate).Float64()
				best["max"] = max(best["max"], rate)
			}
			sleep(30 * time.Second)
			still, _ := m.Board(market.Movers)
			if !slices.Equal(still.Quotes, closed.Quotes) {
				t.Errorf("day %d: the list moves while it is closed", day)
			}
			closes = maps.Clone(today)
		}
		if best["max"] < 0.2 || len(shown) < 20 {
			t.Errorf("in 48 days the best rise was %v, of %d stocks", best, len(shown))
		}
	})
}

// A machine that slept, or whose clock was set, goes on with the present.
func TestSimulatedClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		var mu sync.Mutex
		off := time.Duration(0)
		now := func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(off)
		}
		m, err := market.New(t.Context(), market.Options{Feeds: market.Simulated(simulatedSeed), Zone: seoul, Now: now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { m.Run(ctx) })
		defer func() { cancel(); run.Wait() }()
		for _, jump := range []time.Duration{0, 3 * time.Hour, 70 * 24 * time.Hour} {
			mu.Lock()
			off += jump
			mu.Unlock()
			sleep(10 * time.Second)
			q := quote(t, m, market.Crypto, "BTC")
			if age := now().Sub(q.At); q.State != market.Live || age > time.Second || q.Basis != market.Day {
				t.Errorf("ten seconds after a jump of %v the row is %+v, %v old", jump, q, age)
			}
		}
	})
}
