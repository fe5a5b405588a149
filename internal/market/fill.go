package market

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// fillEvery is how often gaps are looked for.
	fillEvery = 5 * time.Second
	// historyTime is how long one answer of a venue's history may take.
	historyTime = 30 * time.Second
	// historyAgain is how long after a failure a history is asked again.
	historyAgain = time.Minute
	// MaxHistory is how many minutes of a history are taken.
	MaxHistory = 2 * ringMinutes
)

// fill brings closes that are not known into the rings, from the kept candles and from the venue's history,
// until ctx ends.
func (m *Market) fill(ctx context.Context, s source) error {
	beat := time.NewTicker(fillEvery)
	defer beat.Stop()
	for {
		for _, r := range s.feed.unloaded() {
			if err := m.load(ctx, s.feed, r); err != nil {
				m.log.Error("market: kept minute closes could not be read and are tried again in a few seconds",
					"instrument", r.instrument, "error", err)
			}
		}
		for _, g := range s.feed.gaps() {
			m.ask(ctx, s, g)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
		case <-s.want:
		}
	}
}

func (f *feed) unloaded() (rows []*row) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rows {
		if !r.loaded {
			rows = append(rows, r)
		}
	}
	return rows
}

// load reads a row's kept candles: those of the last day, and for the last price an older one where there is
// none.
func (m *Market) load(ctx context.Context, f *feed, r *row) error {
	var bars []bar
	if m.db != nil {
		var err error
		from := minuteOf(m.now().UnixMilli()) - dayMinutes
		bars, err = m.bars(ctx, `
			SELECT start, open, high, low, close, volume FROM candle
			WHERE instrument = $1 AND width = $2 AND start >= $3
			ORDER BY start`, r.instrument, width, from*minuteMS)
		if err == nil && len(bars) == 0 {
			bars, err = m.bars(ctx, `
				SELECT start, open, high, low, close, volume FROM candle
				WHERE instrument = $1 AND width = $2
				ORDER BY start DESC LIMIT 1`, r.instrument, width)
		}
		if err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range bars {
		r.closes.set(b.minute, b.close)
	}
	r.remember(bars)
	r.loaded, f.learnt = true, true
	f.wake()
	return nil
}

func (m *Market) bars(ctx context.Context, query string, args ...any) ([]bar, error) {
	rows, err := m.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var bars []bar
	for rows.Next() {
		var start int64
		var b bar
		if err := rows.Scan(&start, &b.open, &b.high, &b.low, &b.close, &b.volume); err != nil {
			return nil, err
		}
		b.minute = minuteOf(start)
		bars = append(bars, b)
	}
	return bars, rows.Err()
}

// remember takes the last price from the newest bar, until the venue tells its own. Its time is that of the
// last bar that had a trade.
func (r *row) remember(bars []bar) {
	if r.last.IsPos() && !r.remembered || len(bars) == 0 {
		return
	}
	newest := bars[len(bars)-1]
	if r.remembered && newest.minute <= minuteOf(r.at) {
		return
	}
	traded := bars[0]
	for _, b := range bars {
		if !b.volume.IsZero() {
			traded = b
		}
	}
	r.last, r.at, r.remembered = newest.close, traded.minute*minuteMS, true
	r.received = newest.minute * minuteMS
}

// gap is a stretch of minutes of which some are not known. Until is exclusive.
type gap struct {
	row         *row
	code        string
	from, until int64
	asked       int64 // the row's, when the gap was found
}

// gaps lists what the venue's history should be asked for.
func (f *feed) gaps() (gaps []gap) {
	if f.spec.basis != Day {
		return nil
	}
	now := f.ms()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(minuteOf(now))
	until := minuteOf(now - SettleAfter.Milliseconds())
	for _, r := range f.rows {
		if !r.loaded || r.delisted || now < r.askAgain {
			continue
		}
		from := max(r.asked, until-dayMinutes)
		for from < until && !r.closes.of(from).IsZero() {
			from++
		}
		if from < until {
			gaps = append(gaps, gap{r, r.Code, from, until, r.asked})
		} else {
			r.asked = until
		}
	}
	return gaps
}

// ask fills a gap from the venue's history.
func (m *Market) ask(ctx context.Context, s source, g gap) {
	from, until := time.UnixMilli(g.from*minuteMS).UTC(), time.UnixMilli(g.until*minuteMS).UTC()
	within, cancel := context.WithTimeout(ctx, historyTime)
	candles, err := s.venue.History(within, g.code, from, until)
	cancel()
	var bars []bar
	if err == nil {
		bars, err = checked(candles, g.until)
	}
	if err != nil && !errors.Is(err, ErrNoHistory) {
		if ctx.Err() == nil {
			m.log.Warn("market: a venue's history could not be read and is asked again in a minute",
				"instrument", g.row.instrument, "error", err)
		}
		s.feed.mu.Lock()
		g.row.askAgain = m.now().Add(historyAgain).UnixMilli()
		s.feed.mu.Unlock()
		return
	}
	news := s.feed.learn(g, bars)
	m.keeping.Lock()
	m.pending = append(m.pending, news...)
	m.keeping.Unlock()
}

// checked refuses a history that no market has.
func checked(candles []Candle, until int64) ([]bar, error) {
	if len(candles) > MaxHistory {
		return nil, fmt.Errorf("%d minutes of history where at most %d were asked for", len(candles), MaxHistory)
	}
	bars := make([]bar, 0, len(candles))
	for _, c := range candles {
		b := bar{minuteOf(c.Start.UnixMilli()), c.Open, c.High, c.Low, c.Close, c.Volume}
		switch {
		case !b.low.IsPos() || b.low.Cmp(b.close) > 0 || b.high.Cmp(b.close) < 0 || b.volume.IsNeg():
			return nil, fmt.Errorf("history has an impossible minute %s", c.Start)
		case b.minute >= until || len(bars) > 0 && b.minute <= bars[len(bars)-1].minute:
			return nil, fmt.Errorf("history has the minute %s out of order", c.Start)
		}
		bars = append(bars, b)
	}
	return bars, nil
}

// learn takes a history into the ring, and returns the minutes that were not known before.
func (f *feed) learn(g gap, bars []bar) (news []kept) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := g.row
	r.remember(bars)
	var before Decimal
	for m := g.from; m < g.until; m++ {
		for len(bars) > 0 && bars[0].minute < m {
			before, bars = bars[0].close, bars[1:]
		}
		is := bar{m, before, before, before, before, Decimal{}}
		if len(bars) > 0 && bars[0].minute == m {
			is = bars[0]
		}
		if is.close.IsPos() && r.closes.set(m, is.close) {
			news = append(news, kept{r.instrument, is})
		}
	}
	if len(news) > 0 {
		f.learnt = true
		f.wake()
	}
	if r.asked == g.asked { // else more was forgotten meanwhile
		r.asked = g.until
	}
	return news
}
