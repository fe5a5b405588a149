package market

import (
	"slices"
	"sync"
	"time"
)

const (
	// DeadAfter is how long a venue may say nothing before it counts as gone. Venues are pinged every ten
	// seconds.
	DeadAfter = 25 * time.Second
	// SeenGrace is how long a stream may lag behind what the venue was seen to hold.
	SeenGrace = 5 * time.Second
	// LostGrace is how long rows stay as they were after a connection was lost, so that a quick reconnect
	// is not seen.
	LostGrace = 10 * time.Second
	// SettleAfter is how long after its end a minute is final. Trades come late by less.
	SettleAfter = 5 * time.Second
)

// feed is what is known from one venue. Everything in it is guarded by mu, and nothing waits while it is held.
// Times are milliseconds, minutes are counted since 1970.
type feed struct {
	about About
	spec  spec
	clock func() time.Time
	wake  func() // asks for a turn of the boards before its time

	mu      sync.Mutex
	rows    []*row // in the order of display
	codes   map[string]*row
	heard   int64 // when the venue last answered; 0: never
	lost    bool  // since then the connection is gone
	minute  int64 // the minute that all rings reach
	learnt  bool  // closes became known since the last turn of the board, which should not wait
	session session
	shown   session // what the last turn of the board said
	taken   int64
	dropped [drops]int64
}

// session is a [Session] in all languages.
type session struct {
	state SessionState
	date  string
	note  Text
}

// row is one instrument of a feed.
type row struct {
	Listing
	instrument string

	last     Decimal // zero: no trade is known
	at       int64   // when last was traded
	seq      int64
	volume   Decimal
	received int64
	previous Decimal
	// remembered says that last is the close of a kept minute and at that minute's start, so that they
	// prove no order.
	remembered bool
	// confirmed says that last is the venue's newest trade for all we know: the connection over which it
	// came, or was found to be the newest, still stands. Otherwise doubted is since when not.
	confirmed bool
	doubted   int64
	// The trade that the stream has owed for longest, of those that the venue was seen to hold: when it was
	// made, and since when it is owed (0: none is). And the newest that was seen.
	owedAt, owedSince int64
	seenAt, seenSince int64

	halted, delisted bool
	shown            State // what the last turn of the board said

	closes  closes
	bars    []bar // minutes with trades that are not settled, rising
	settled int64 // the first minute that may not be stored
	// loaded: the kept candles were read. asked: the venue's history was asked for all minutes before this
	// one; askAgain: not before this moment.
	loaded   bool
	asked    int64
	askAgain int64
}

// bar is a minute that had trades.
type bar struct {
	minute                         int64
	open, high, low, close, volume Decimal
}

func newFeed(v Venue, s spec, clock func() time.Time, wake func()) *feed {
	f := &feed{about: v.About(), spec: s, clock: clock, wake: wake, codes: make(map[string]*row)}
	f.minute = minuteOf(f.ms())
	f.session.state = SessionUnknown
	return f
}

func (f *feed) now() time.Time { return f.clock() }
func (f *feed) ms() int64      { return f.clock().UnixMilli() }

const minuteMS = 60_000

func minuteOf(ms int64) int64  { return ms / minuteMS }
func endOf(minute int64) int64 { return (minute + 1) * minuteMS }

// tick is the hot path: it allocates nothing.
func (f *feed) tick(t Tick) {
	now := f.ms()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hear(now)
	r := f.codes[t.Code]
	if r == nil {
		f.dropped[UnknownCode]++
		return
	}
	at := t.At.UnixMilli()
	if reason, bad := r.refuse(&t, at, now); bad {
		f.dropped[reason]++
		switch reason {
		case Duplicate:
			r.received = now
			r.confirm()
		case Absurd:
			r.see(at, now)
		}
		return
	}
	f.taken++
	f.advance(minuteOf(at))
	if r.behind(now) {
		// What was traded between was never sent, so the minutes that ended between are not known.
		r.forget(minuteOf(r.at), minuteOf(at))
	}
	if !r.last.IsPos() {
		f.wake()
	}
	if t.Previous.IsPos() {
		r.previous = t.Previous
	}
	r.last, r.at, r.seq, r.volume = t.Price, at, t.Seq, t.Volume
	r.received, r.remembered = now, false
	r.trade(minuteOf(at), t.Price, t.Volume)
	r.confirm()
}

// refuse says why a tick is not taken.
func (r *row) refuse(t *Tick, at, now int64) (Drop, bool) {
	switch {
	case !t.Price.IsPos() || t.Volume.IsNeg():
		return NotPositive, true
	case at > now+MaxAhead.Milliseconds():
		return Future, true
	case !r.last.IsPos():
		return 0, false
	}
	if !r.remembered {
		again := t.Price.Equal(r.last) && t.Volume.Equal(r.volume)
		if t.Seq != 0 && r.seq != 0 {
			again = t.Seq == r.seq
		}
		switch {
		case at < r.at:
			return OutOfOrder, true
		case at == r.at && again:
			return Duplicate, true
		case at == r.at && t.Seq < r.seq && t.Seq != 0:
			return OutOfOrder, true
		}
	}
	if now-r.received <= JumpMemory.Milliseconds() && (tooFar(t.Price, r.last) || tooFar(r.last, t.Price)) {
		return Absurd, true
	}
	return 0, false
}

// tooFar says whether high is more than MaxJump times low.
func tooFar(high, low Decimal) bool {
	limit := low
	for range MaxJump - 1 {
		sum, err := limit.Add(low)
		if err != nil {
			return false // beyond what a Decimal holds, high is not more
		}
		limit = sum
	}
	return high.Cmp(limit) > 0
}

// trade adds a trade to its minute.
func (r *row) trade(minute int64, price, volume Decimal) {
	n := len(r.bars)
	if n == 0 || r.bars[n-1].minute != minute {
		r.bars = append(r.bars, bar{minute, price, price, price, price, volume})
		return
	}
	b := &r.bars[n-1]
	b.high, b.low, b.close = b.high.Max(price), b.low.Min(price), price
	if sum, err := b.volume.Add(volume); err == nil {
		b.volume = sum
	}
}

// confirm says that last is the venue's newest trade. So nothing was traded in the minutes since.
func (r *row) confirm() {
	r.confirmed = true
	if r.owedSince != 0 && r.owedAt <= r.at {
		r.owedAt, r.owedSince = r.seenAt, r.seenSince
		if r.seenAt <= r.at {
			r.owedSince = 0
		}
	}
	r.settled = min(r.settled, r.closes.setFrom(minuteOf(r.at), r.last))
}

// see notes that the venue holds a trade that the stream did not bring.
func (r *row) see(at, now int64) {
	if at > r.seenAt {
		r.seenAt, r.seenSince = at, now
	}
	if r.owedSince == 0 {
		r.owedAt, r.owedSince = at, now
	}
}

// behind says whether the venue has held a newer trade for longer than the stream may lag.
func (r *row) behind(now int64) bool {
	return r.owedSince != 0 && now-r.owedSince > (SeenGrace+r.Delay).Milliseconds()
}

// forget says that the closes of some minutes are not known; until is exclusive.
func (r *row) forget(from, until int64) {
	r.closes.forget(from, until)
	r.asked = min(r.asked, from)
}

// advance brings all rings to a minute. A minute begins with the close before, if that is known to be the
// newest price.
func (f *feed) advance(minute int64) {
	if minute <= f.minute {
		return
	}
	f.minute = minute
	for _, r := range f.rows {
		r.closes.advance(minute, r.carried())
	}
}

func (r *row) carried() Decimal {
	if !r.confirmed {
		return Decimal{}
	}
	return r.last
}

// hear notes that the venue answers. After too long a silence, or a lost connection, nothing is known of the
// minutes that ended meanwhile, and no price is known to be the newest.
func (f *feed) hear(now int64) {
	f.advance(minuteOf(now))
	if f.heard != 0 && (f.lost || now-f.heard > DeadAfter.Milliseconds()) {
		for _, r := range f.rows {
			r.forget(minuteOf(f.heard), f.minute+1)
			r.doubt(0)
		}
	}
	f.heard, f.lost = now, false
}

// doubt says that last may not be the newest price any more, and since when.
func (r *row) doubt(since int64) {
	if r.confirmed {
		r.confirmed, r.doubted = false, since
	}
}

func (f *feed) hearNow() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hear(f.ms())
}

func (f *feed) lose() {
	now := f.ms()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(minuteOf(now))
	f.lost = true
	for _, r := range f.rows {
		r.doubt(now)
	}
}

func (f *feed) seen(code string, when time.Time) {
	now, at := f.ms(), when.UnixMilli()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hear(now)
	r := f.codes[code]
	if r == nil || !r.last.IsPos() || at > now+MaxAhead.Milliseconds() {
		return
	}
	newer := at > r.at
	if r.remembered {
		newer = minuteOf(at) > minuteOf(r.at)
	}
	if newer {
		r.see(at, now)
	} else {
		r.confirm()
	}
}

func (f *feed) halt(code string, halted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.codes[code]; r != nil {
		r.halted = halted
	}
}

func (f *feed) setSession(state SessionState, date string, note Text) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.session = session{state, date, note}
}

// list takes the listings in their order. Rows that are not among them stay in their places, delisted, or go
// from a ranked board.
func (f *feed) list(listings []Listing) {
	now := f.ms()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(minuteOf(now))
	old := make(map[string]*row, len(f.rows))
	for _, r := range f.rows {
		old[r.Key] = r
	}
	rows := make([]*row, 0, len(listings))
	clear(f.codes)
	for _, l := range listings {
		r := old[l.Key]
		if r == nil || r.Code != l.Code {
			r = f.newRow(l)
		}
		delete(old, l.Key)
		r.Listing, r.delisted = l, false
		rows = append(rows, r)
		f.codes[l.Code] = r
	}
	if !f.spec.ranked {
		for i, r := range f.rows {
			if old[r.Key] == nil {
				continue
			}
			r.delisted = true
			place := 0
			if i > 0 {
				before := f.rows[i-1].Key
				place = slices.IndexFunc(rows, func(r *row) bool { return r.Key == before }) + 1
			}
			rows = slices.Insert(rows, place, r)
		}
	}
	f.rows = rows
	f.wake()
}

func (f *feed) newRow(l Listing) *row {
	r := &row{Listing: l, instrument: f.about.Name + ":" + l.Code, settled: f.minute}
	r.closes.newest = f.minute
	return r
}

// stateOf is what a row says at a moment.
func (f *feed) stateOf(r *row, now int64) State {
	switch {
	case r.delisted:
		return Delisted
	case !r.last.IsPos():
		return Stale
	case f.closed():
		return Closed
	case f.heard == 0 || now-f.heard > DeadAfter.Milliseconds(),
		!r.confirmed && now-r.doubted > LostGrace.Milliseconds(),
		r.behind(now),
		r.Rhythm > 0 && now-r.received > r.Rhythm.Milliseconds():
		return Stale
	case r.halted:
		return Halted
	case r.Delay > 0:
		return Delayed
	}
	return Live
}

// closed says whether the board's market has a session and is not in it.
func (f *feed) closed() bool {
	return !f.spec.always && f.session.state != SessionOpen && f.session.state != SessionUnknown
}
