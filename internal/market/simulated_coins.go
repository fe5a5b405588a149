package market

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/govalues/decimal"
)

// coinPlan is how a simulated coin behaves. Unit heights are billionths at one minute: a day's volatility is
// about 54 times as much.
type coinPlan struct {
	level int64  // in won, times wonUnit
	beta  int64  // how much of the common movement it makes, in percent
	own   int64  // unit height of its own movement
	every int64  // milliseconds in which one trade falls; a minute is a multiple
	quiet uint64 // minutes in a hundred without a trade
	// With spread, every price leaves another rest by so many steps than those of the spread − 1 trades before,
	// and no trade is skipped: so the price is never twice the same on a board. 1: no such rule.
	spread int64
}

// wonUnit is the unit of simulated prices: 1/10,000 won.
const wonUnit = 10_000

// commonUnit is the unit height of what moves all coins: 2.2 % a day.
const commonUnit = 410_000

// In the order of coins.
var coinPlans = [...]coinPlan{
	{128_450_000 * wonUnit, 90, 80_000, 200, 0, 7}, // BTC
	{4_848_000 * wonUnit, 105, 150_000, 400, 0, 1},
	{546_500 * wonUnit, 100, 200_000, 1000, 0, 1},
	{813 * wonUnit, 105, 250_000, 500, 0, 1},
	{226_300 * wonUnit, 125, 250_000, 600, 0, 1},
	{618 * wonUnit, 115, 250_000, 1000, 0, 1},
	{846 * wonUnit, 110, 300_000, 2000, 0, 1}, // EOS
	{187 * wonUnit, 70, 180_000, 2000, 3, 1},
	{150 * wonUnit, 105, 250_000, 2500, 5, 1},
	{63_700 * wonUnit, 90, 300_000, 4000, 12, 1},
	{19_980 * wonUnit, 120, 250_000, 1500, 0, 1},
	{937 * wonUnit / 10, 125, 280_000, 3000, 8, 1},
}

// What happens to which coins, by their place, and when in each cycle.
var (
	stallCoins = []int{3, 4, 5}
	haltCoins  = []int{7, 8, 9}
	delayCoins = []int{10, 11}

	stall = span{1 * time.Minute, 110 * time.Second}
	halt  = span{3 * time.Minute, 4 * time.Minute}
	gone  = span{5 * time.Minute, 6 * time.Minute}
	delay = span{7 * time.Minute, 8 * time.Minute}
)

const (
	renamedCoin = 6 // EOS
	simDelay    = 15 * time.Second
)

// Streams of numbers that are drawn; each coin has its own from coinStream on.
const (
	commonStream = 1 + iota
	commonRipple
	chosenStream
	coinStream // + 8 × place + one of the following
)

const (
	ownNoise = iota
	ownRipple
	tradeTime
	tradeSkipped
	tradeAmount
	quietMinute
)

type simulatedCoins struct{ seed }

func (simulatedCoins) About() About {
	return About{Name: simulatedName, Board: Crypto, Source: simulatedSource, Simulated: true}
}

// coin is one of the simulated coins; it is the stream of its trades.
type coin struct {
	seed
	place int
}

func (v simulatedCoins) coins() []coin {
	all := make([]coin, len(coinPlans))
	for i := range all {
		all[i] = coin{v.seed, i}
	}
	return all
}

func (c coin) plan() *coinPlan         { return &coinPlans[c.place] }
func (c coin) stream(what int64) int64 { return coinStream + 8*int64(c.place) + what }

// chosen says whether what befalls one of some coins in a cycle befalls this one.
func (c coin) chosen(among []int, ms int64) bool {
	return among[c.draw(chosenStream, int64(among[0]), ms/cycleMS)%uint64(len(among))] == c.place
}

// code is the venue's code at a time: EOS changes it in each cycle.
func (c coin) code(ms int64) string {
	if c.place == renamedCoin && c.isVaulta(ms) {
		return "KRW-A"
	}
	return "KRW-" + coins[c.place].key
}

func (c coin) name(ms int64) Text {
	if c.place == renamedCoin && c.isVaulta(ms) {
		return vaulta
	}
	return coins[c.place].name
}

func (c coin) isVaulta(ms int64) bool { return (ms-gone.until.Milliseconds())/cycleMS%2 == 0 }

// trades says whether a minute has trades.
func (c coin) trades(minute int64) bool {
	ms := minute * minuteMS
	switch {
	case c.place == renamedCoin && gone.holds(ms),
		halt.holds(ms) && c.chosen(haltCoins, ms):
		return false
	}
	return c.draw(c.stream(quietMinute), 0, minute)%100 >= c.plan().quiet
}

// slotTime is when the trade of a slot falls. false: the slot has none.
func (c coin) slotTime(slot int64) (int64, bool) {
	every := c.plan().every
	start := slot * every
	if !c.trades(minuteOf(start)) {
		return 0, false
	}
	last := (start+every)%minuteMS == 0
	if !last && c.plan().spread == 1 && c.draw(c.stream(tradeSkipped), 0, slot)%4 == 0 {
		return 0, false
	}
	return start + int64(c.draw(c.stream(tradeTime), 0, slot)%uint64(every)), true
}

func (c coin) next(after int64) int64 {
	for slot := after / c.plan().every; ; slot++ {
		if at, ok := c.slotTime(slot); ok && at > after {
			return at
		}
	}
}

// newest returns the time of the newest trade until a time, it included.
func (c coin) newest(until int64) int64 {
	for slot := until / c.plan().every; ; slot-- {
		if at, ok := c.slotTime(slot); ok && at <= until {
			return at
		}
	}
}

func (c coin) deliver(at int64) (int64, bool) {
	switch {
	case stall.holds(at) && c.chosen(stallCoins, at):
		return 0, false
	case delay.holds(at) && c.chosen(delayCoins, at):
		return at + simDelay.Milliseconds(), true
	}
	return at, true
}

func (c coin) tick(at int64) Tick {
	price := c.price(at)
	won := 100_000 + int64(c.draw(c.stream(tradeAmount), 0, at)%20_000_000)
	volume := max(1, won*wonUnit*wonUnit/price)
	return Tick{Code: c.code(at), Price: wonDecimal(price), Volume: mustDecimal(volume, 4), At: time.UnixMilli(at).UTC()}
}

func wonDecimal(price int64) Decimal {
	d, err := decimal.New(price, 4)
	if err != nil {
		panic(err) // an int64 always fits
	}
	return d.Trim(0)
}

// close is the price at the end of a minute that has trades.
func (c coin) close(minute int64) int64 {
	return c.snapped(c.drift(minute), (minute+1)*minuteMS/c.plan().every-1)
}

// snapped is the price of a slot on the steps of its height.
func (c coin) snapped(billionths, slot int64) int64 {
	p := c.plan()
	price := moved(p.level, billionths)
	whole, fraction, _ := WonStep(wonDecimal(price)).Int64(4)
	step := whole*wonUnit + fraction
	return (price+step/2)/(step*p.spread)*(step*p.spread) + slot*2%p.spread*step
}

// drift is how far the price is from its level at the end of a minute, in billionths.
func (c coin) drift(minute int64) int64 {
	p := c.plan()
	return c.walk(commonStream, commonUnit, minute)*p.beta/100 + c.walk(c.stream(ownNoise), p.own, minute)
}

// price is that of the trade at a time: a way from close to close, with the last trade of a minute at its close.
func (c coin) price(at int64) int64 {
	p, minute, into := c.plan(), minuteOf(at), at%minuteMS
	if into/p.every == minuteMS/p.every-1 {
		return c.close(minute)
	}
	from, to := c.drift(minute-1), c.drift(minute)
	return c.snapped(from+(to-from)*into/minuteMS+c.ripple(at)*edge(into, minuteMS)/billion, at/p.every)
}

// ripple is movement within minutes.
func (c coin) ripple(at int64) int64 {
	p, sum := c.plan(), int64(0)
	for period := int64(500); period <= 32_000; period *= 2 {
		// Height falls with the root of the period; a percent is fine enough.
		root := rootOf(period * 10_000 / minuteMS)
		common, own := c.noise(commonRipple, period, at), c.noise(c.stream(ownRipple), period, at)
		sum += (common*commonUnit/100*p.beta/100 + own*p.own/100) >> noiseBits * root
	}
	return sum
}

// rootOf is the whole part of a small number's square root.
func rootOf(n int64) int64 {
	root := int64(0)
	for (root+1)*(root+1) <= n {
		root++
	}
	return root
}

// edge is how much of a ripple there is at a place in a stretch, in billionths: none at both ends.
func edge(at, length int64) int64 {
	const rise = 6_000
	return min(at, length-at, rise) * billion / rise
}

func (v simulatedCoins) History(ctx context.Context, code string, from, until time.Time) ([]Candle, error) {
	first, end := minuteOf(from.UnixMilli()), minuteOf(until.UnixMilli())
	if end-first > MaxHistory {
		return nil, fmt.Errorf("%d minutes of history asked for, at most %d are given", end-first, MaxHistory)
	}
	all := v.coins()
	i := slices.IndexFunc(all, func(c coin) bool { return code == "KRW-"+coins[c.place].key })
	if code == "KRW-A" {
		i = renamedCoin
	}
	if i < 0 {
		return nil, fmt.Errorf("%s is not listed", code)
	}
	c := all[i]
	for first--; !c.trades(first); {
		first--
	}
	var candles []Candle
	open := wonDecimal(c.close(first))
	for m := first; m < end && ctx.Err() == nil; m++ {
		if !c.trades(m) {
			continue
		}
		price := wonDecimal(c.close(m))
		candles = append(candles, Candle{
			Start: time.UnixMilli(m * minuteMS).UTC(),
			Open:  open, High: open.Max(price), Low: open.Min(price), Close: price,
			Volume: mustDecimal(1+int64(c.draw(c.stream(tradeAmount), 1, m)%1_000_000), 4),
		})
		open = price
	}
	return candles, ctx.Err()
}

func (v simulatedCoins) Run(ctx context.Context, in *Intake) error {
	all := v.coins()
	streams := make([]stream, len(all))
	for i, c := range all {
		streams[i] = c
	}
	for {
		now := in.Now().UnixMilli()
		listed := v.listings(now)
		in.List(listed)
		for _, c := range all {
			in.Tick(c.tick(c.newest(now)))
		}
		err := play(ctx, in, streams, func(now int64) {
			if l := v.listings(now); !slices.Equal(l, listed) {
				listed = l
				in.List(l)
			}
			v.say(in, now)
		})
		if !errors.Is(err, errClockJumped) {
			return err
		}
		in.Lost()
	}
}

func (v simulatedCoins) listings(now int64) []Listing {
	var listings []Listing
	for _, c := range v.coins() {
		if c.place == renamedCoin && gone.holds(now) {
			continue
		}
		l := Listing{Key: coins[c.place].key, Code: c.code(now), Name: c.name(now), Currency: "KRW"}
		if late := (span{delay.from, delay.until + simDelay}); late.holds(now) && c.chosen(delayCoins, now) {
			l.Delay = simDelay
		}
		listings = append(listings, l)
	}
	return listings
}

// say tells what the venue answers apart from its trades.
func (v simulatedCoins) say(in *Intake, now int64) {
	for _, c := range v.coins() {
		in.Halt(c.code(now), halt.holds(now) && c.chosen(haltCoins, now))
	}
	if now%simulatedBeat.Milliseconds() != 0 {
		return
	}
	in.Heard()
	for _, c := range v.coins() {
		in.Seen(c.code(now), time.UnixMilli(c.newest(now)))
	}
}
