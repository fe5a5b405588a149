package market

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// board turns what a feed knows, or a page stated, into states that are shown.
type board struct {
	spec   spec
	market *Market
	feed   *feed // nil: none is configured

	current atomic.Pointer[shown] // nil: there is nothing to show

	mu       sync.Mutex // one refresh at a time
	stated   *statedBoard
	again    atomic.Bool // the stated board could not be read
	watchers []*watcher
}

type watcher struct {
	tell func(Board, []Quote)
	told *shown
}

// shown is one state of a board with its words in all languages.
type shown struct {
	board Board
	names []Text // of the quotes; nil on a stated board
	from  Text
	note  Text
}

func (s *shown) in(language, own string) Board {
	if language == own || s.names == nil {
		return s.board
	}
	b := s.board
	b.Session.Note = s.note.In(language)
	b.Quotes = slices.Clone(b.Quotes)
	for i := range b.Quotes {
		b.Quotes[i].Name, b.Quotes[i].Source = s.names[i].In(language), s.from.In(language)
	}
	return b
}

// turn shows new states and tells watchers of them until ctx ends.
func (m *Market) turn(ctx context.Context) {
	beat := time.NewTicker(MinInterval)
	defer beat.Stop()
	for onBeat := true; ; {
		now := m.now()
		for _, s := range specs {
			b := m.boards[s.name]
			if b.due(now, onBeat) {
				b.refresh(now)
			}
			b.tell()
		}
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			onBeat = true
		case <-m.woken:
			onBeat = false
		}
	}
}

// due says whether a board may have its next state: its interval is over, or a row or the session says
// something else, which never waits.
func (b *board) due(now time.Time, onBeat bool) bool {
	s, every := b.current.Load(), b.market.every()
	if s == nil || b.feed == nil || onBeat && every == MinInterval {
		return true
	}
	// Half a beat of tolerance, or an interval of two beats would often last three.
	if age := now.Sub(s.board.AsOf); age < 0 || age >= every-MinInterval/2 {
		return true
	}
	return b.feed.restated(now)
}

func (m *Market) every() time.Duration { return time.Duration(m.interval.Load()) }

// refresh makes the board's state as of now, if it is another than the one before.
func (b *board) refresh(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := b.state(now)
	before := b.current.Load()
	if next == nil || before != nil && before.board.same(next.board) {
		return
	}
	b.current.Store(next)
}

func (b *board) state(now time.Time) *shown {
	var s *shown
	switch {
	case b.feed != nil && (b.stated == nil && b.feed.listed() || b.feed.priced()):
		s = b.feed.show(now, b.market.zone, b.market.language)
	case b.stated != nil:
		s = b.stated.show(b.market.language)
	default:
		return nil
	}
	s.board.Name, s.board.zone = b.spec.name, b.market.zone
	s.board.Interval = b.market.every()
	if !s.board.Stated {
		s.board.AsOf = now.Truncate(time.Millisecond).UTC()
	}
	return s
}

// same says whether two boards tell readers the same. When they were made is not part of it.
func (b Board) same(o Board) bool {
	return b.Session == o.Session && b.Stated == o.Stated && b.Captured.Equal(o.Captured) && slices.Equal(b.Quotes, o.Quotes)
}

// tell calls the watchers that were not told of the current state.
func (b *board) tell() {
	s := b.current.Load()
	if s == nil {
		return
	}
	b.mu.Lock()
	watchers := slices.Clone(b.watchers)
	b.mu.Unlock()
	for _, w := range watchers {
		if w.told == s {
			continue
		}
		var changed []Quote
		if w.told != nil {
			changed = s.board.changedSince(w.told.board)
		}
		w.told = s
		w.tell(s.board, changed)
	}
}

// changedSince returns the quotes that are not as they were, and nil where other rows stand there.
func (b Board) changedSince(old Board) []Quote {
	sameKey := func(x, y Quote) bool { return x.Key == y.Key }
	if b.Stated != old.Stated || !slices.EqualFunc(b.Quotes, old.Quotes, sameKey) {
		return nil
	}
	changed := make([]Quote, 0, len(b.Quotes))
	for i, q := range b.Quotes {
		if q != old.Quotes[i] {
			changed = append(changed, q)
		}
	}
	return changed
}

// listed says whether the venue has said what it lists.
func (f *feed) listed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.rows) > 0
}

// priced says whether the feed has had a price.
func (f *feed) priced() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.rows, func(r *row) bool { return r.last.IsPos() })
}

// lastHeard is when the venue last answered, 0 for never.
func (f *feed) lastHeard() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heard
}

// restated says whether a row or the session says something else than at the last turn, or a base is known now.
func (f *feed) restated(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.learnt || f.session != f.shown || slices.ContainsFunc(f.rows, func(r *row) bool { return r.shown != f.stateOf(r, now.UnixMilli()) })
}

// ranked is a quote with what it is ranked by.
type ranked struct {
	quote Quote
	name  Text
	rate  Decimal
}

// show makes the board's state from the rows.
func (f *feed) show(now time.Time, zone *time.Location, language string) *shown {
	f.mu.Lock()
	f.advance(minuteOf(now.UnixMilli()))
	rows := make([]ranked, 0, len(f.rows))
	for _, r := range f.rows {
		q, rate := f.quote(r, now.UnixMilli())
		r.shown = q.State
		if f.spec.ranked && (!rate.IsPos() || q.State == Halted) {
			continue
		}
		q.Name, q.Source = r.Name.In(language), f.about.Source.In(language)
		rows = append(rows, ranked{q, r.Name, rate})
	}
	f.shown, f.learnt = f.session, false
	is := f.session
	f.mu.Unlock()

	if f.spec.ranked {
		slices.SortStableFunc(rows, func(x, y ranked) int {
			return cmp.Or(y.rate.Cmp(x.rate), cmp.Compare(x.quote.Key, y.quote.Key))
		})
		rows = rows[:min(len(rows), MoversShown)]
	}
	if f.spec.always {
		is = session{state: SessionAlways, date: now.In(zone).Format(time.DateOnly)}
	}
	s := &shown{names: make([]Text, len(rows)), from: f.about.Source, note: is.note}
	s.board.Session = Session{is.state, is.date, is.note.In(language)}
	s.board.Quotes = make([]Quote, len(rows))
	for i, r := range rows {
		s.board.Quotes[i], s.names[i] = r.quote, r.name
	}
	return s
}

// quote makes a row's quote, without its words, and its rate.
func (f *feed) quote(r *row, now int64) (Quote, Decimal) {
	q := Quote{
		Key: r.Key, Instrument: r.instrument, Currency: r.Currency,
		Basis: NoBasis, State: f.stateOf(r, now), Simulated: f.about.Simulated,
	}
	if !r.last.IsPos() {
		return q, Decimal{}
	}
	scale := decimals(r.last, r.Currency)
	q.Price, q.At = r.last.Trim(0).Pad(scale).String(), time.UnixMilli(r.at).UTC()
	base := r.previous
	if f.spec.basis == Day {
		base = r.closes.of(minuteOf(now) - dayMinutes)
	}
	rate, ok := Rate(r.last, base)
	if !ok {
		return q, Decimal{}
	}
	change, err := r.last.Sub(base)
	if err != nil {
		return q, Decimal{}
	}
	q.Basis = f.spec.basis
	q.Change, q.ChangeRate = change.Trim(0).Pad(scale).String(), rate.Pad(RateScale).String()
	return q, rate
}

// decimals is how many decimals a price has at least: those of its step, so that a column stands still.
func decimals(price Decimal, currency string) int {
	if currency != "KRW" {
		return price.MinScale()
	}
	return WonStep(price).MinScale()
}
