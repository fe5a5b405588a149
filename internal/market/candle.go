package market

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"sokbo/internal/db"
)

const (
	// KeepMinutes is how long minute closes are kept.
	KeepMinutes = 90 * 24 * time.Hour
	// candlePiece is how many minutes are written or pruned in one transaction, so that it stays far under
	// the 20 ms that other writers may be kept waiting.
	candlePiece = 500
	// pendingMost bounds the minutes that wait for a database that is away: a day of two dozen instruments.
	// The oldest go first.
	pendingMost = 24 * 24 * 60
	// width is that of all candles so far, in seconds.
	width = 60
)

// kept is a minute to be stored.
type kept struct {
	instrument string
	bar
}

const putCandles db.BatchSQL = `
	INSERT INTO candle (instrument, width, start, open, high, low, close, volume)
	{rows}
	ON CONFLICT (instrument, width, start) DO NOTHING`

// keep stores settled minutes, once a minute, and prunes old ones, once an hour, until ctx ends.
func (m *Market) keep(ctx context.Context) {
	if m.db == nil {
		return
	}
	pruned := time.Time{}
	for {
		now := m.now()
		// Just after the minute before is settled.
		next := now.Truncate(time.Minute).Add(SettleAfter + time.Second)
		if !next.After(now) {
			next = next.Add(time.Minute)
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			m.keepLast(ctx)
			return
		case <-timer.C:
		}
		m.try(ctx, "minute closes could not be stored and are tried again in a minute", m.store)
		for _, s := range specs {
			if m.boards[s.name].again.Load() {
				m.reread(s.name)
			}
		}
		if now := m.now(); now.Sub(pruned) >= time.Hour {
			pruned = now
			m.try(ctx, "old minute closes could not be removed and are tried again in an hour", m.prune)
		}
	}
}

func (m *Market) try(ctx context.Context, what string, f func(context.Context) error) {
	if err := f(ctx); err != nil && ctx.Err() == nil {
		m.log.Error("market: "+what, "error", err)
	}
}

// keepLast stores what is settled when the market stops.
func (m *Market) keepLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	m.try(ctx, "the last minute closes could not be stored", m.store)
}

// store writes what is settled. What could not be written waits for the next time.
func (m *Market) store(ctx context.Context) error {
	m.keeping.Lock()
	defer m.keeping.Unlock()
	for _, s := range m.feeds {
		m.pending = s.feed.settle(m.pending)
	}
	m.pending = m.pending[max(0, len(m.pending)-pendingMost):]
	for len(m.pending) > 0 {
		piece := m.pending[:min(len(m.pending), candlePiece)]
		if err := m.put(ctx, piece); err != nil {
			return err
		}
		m.pending = m.pending[len(piece):]
	}
	m.pending = nil
	return nil
}

// put writes minutes in one transaction. Another node may have written the same ones; the first row stays.
func (m *Market) put(ctx context.Context, piece []kept) error {
	// Nodes that write the same rows must go through them in the same order.
	piece = slices.SortedFunc(slices.Values(piece), func(x, y kept) int {
		if x.instrument != y.instrument {
			if x.instrument < y.instrument {
				return -1
			}
			return 1
		}
		return int(x.minute - y.minute)
	})
	piece = slices.CompactFunc(piece, func(x, y kept) bool { return x.instrument == y.instrument && x.minute == y.minute })
	n := len(piece)
	instruments, widths, starts := make([]string, n), make([]int64, n), make([]int64, n)
	opens, highs, lows, closes, volumes := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, k := range piece {
		instruments[i], widths[i], starts[i] = k.instrument, width, k.minute*minuteMS
		opens[i], highs[i], lows[i], closes[i] = k.open.String(), k.high.String(), k.low.String(), k.close.String()
		volumes[i] = k.volume.Trim(0).String()
	}
	return m.db.Bulk(ctx, func(tx *db.Tx) error {
		return tx.Batch(ctx, putCandles, instruments, widths, starts, opens, highs, lows, closes, volumes)
	})
}

// settle appends the minutes that are final: their end is long enough ago, the venue was heard after it, and is
// not known to hold trades that it did not send.
func (f *feed) settle(to []kept) []kept {
	now := f.ms()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(minuteOf(now))
	for _, r := range f.rows {
		r.settled = max(r.settled, f.minute-ringMinutes+1)
		for ; endOf(r.settled)+(SettleAfter+r.Delay).Milliseconds() <= now; r.settled++ {
			m := r.settled
			closed := r.closes.of(m)
			if closed.IsZero() {
				continue
			}
			if f.heard < endOf(m) || r.owedSince != 0 {
				break
			}
			b := bar{m, closed, closed, closed, closed, Decimal{}}
			if i := slices.IndexFunc(r.bars, func(b bar) bool { return b.minute == m }); i >= 0 {
				b = r.bars[i]
			} else if f.spec.basis != Day {
				continue // nobody looks back at a quiet minute
			}
			to = append(to, kept{r.instrument, b})
		}
		r.bars = slices.DeleteFunc(r.bars, func(b bar) bool { return b.minute < r.settled })
	}
	return to
}

// prune removes what is older than KeepMinutes, in pieces.
func (m *Market) prune(ctx context.Context) error {
	before := minuteOf(m.now().Add(-KeepMinutes).UnixMilli()) * minuteMS
	instrument := ""
	for {
		err := m.db.QueryRow(ctx, `SELECT instrument FROM candle WHERE instrument > $1 ORDER BY instrument LIMIT 1`, instrument).Scan(&instrument)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list instruments: %w", err)
		}
		if err := m.pruneOne(ctx, instrument, before); err != nil {
			return fmt.Errorf("remove old candles of %s: %w", instrument, err)
		}
	}
}

func (m *Market) pruneOne(ctx context.Context, instrument string, before int64) error {
	for {
		var oldest int64
		err := m.db.QueryRow(ctx, `
			SELECT start FROM candle
			WHERE instrument = $1 AND width = $2 AND start < $3
			ORDER BY start LIMIT 1`, instrument, width, before).Scan(&oldest)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		err = m.db.Bulk(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM candle WHERE instrument = $1 AND width = $2 AND start < $3`,
				instrument, width, min(before, oldest+candlePiece*minuteMS))
			return err
		})
		if err != nil {
			return err
		}
	}
}
