package market

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// Simulated returns the simulated market: one venue for the coins and one for the rising stocks. Minute closes
// are drawn from the seed and the minute, ticks between them from the seed and the time, so that a restart,
// another node and a history of any day agree. Within each ten minutes of the clock, from a whole one on:
//
//   - a coin's stream stalls while the venue holds newer trades, for 50 s;
//   - a coin is halted for a minute;
//   - EOS is delisted for a minute, and comes back as Vaulta under another code, or as EOS again;
//   - a coin's prices come 15 s late for a minute;
//   - the stock market goes through a whole day, and its feed falls silent once for 45 s.
func Simulated(number uint64) []Venue {
	return []Venue{simulatedCoins{seed(number)}, simulatedStocks{seed(number)}}
}

const (
	simulatedName = "simulated"
	cycle         = 10 * time.Minute
	cycleMS       = int64(cycle / time.Millisecond)
	// simulatedBeat is how often the venue answers a ping and is asked for its last trades.
	simulatedBeat = 10 * time.Second
)

// A span is a part of a cycle, from its start on.
type span struct{ from, until time.Duration }

func (s span) holds(ms int64) bool {
	at := time.Duration(ms%cycleMS) * time.Millisecond
	return s.from <= at && at < s.until
}

// A stream is a series of trades, each fixed by its time.
type stream interface {
	// next returns the time of the first trade after a time.
	next(after int64) int64
	// deliver is when a trade reaches the market; false: it never does.
	deliver(at int64) (int64, bool)
	tick(at int64) Tick
}

// errClockJumped says that the clock is not where the trades are.
var errClockJumped = errors.New("the clock jumped")

const (
	maxLate  = 10 * time.Second // a machine may be busy for this long
	maxEarly = 2 * time.Second  // trades are never further ahead than a second
)

// play sends the trades of streams as they fall due, and calls second at each whole second before them. It
// returns when ctx ends, and with errClockJumped.
func play(ctx context.Context, in *Intake, streams []stream, second func(now int64)) error {
	type coming struct {
		stream
		at, due int64
	}
	start := in.Now().UnixMilli()
	queue := make([]coming, len(streams))
	plan := func(c *coming, after int64) {
		for {
			c.at = c.next(after)
			var arrives bool
			if c.due, arrives = c.deliver(c.at); arrives {
				return
			}
			after = c.at
		}
	}
	for i, s := range streams {
		queue[i].stream = s
		plan(&queue[i], start)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for whole := start - start%1000; ; {
		first := slices.MinFunc(queue, func(x, y coming) int { return cmp.Compare(x.due, y.due) })
		due := min(first.due, whole)
		now := in.Now().UnixMilli()
		if now-due > maxLate.Milliseconds() || due-now > maxEarly.Milliseconds() {
			return errClockJumped
		}
		if now < due {
			timer.Reset(time.Duration(due-now) * time.Millisecond)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-timer.C:
			}
			continue
		}
		if whole <= first.due {
			second(whole)
			whole += 1000
			continue
		}
		for i := range queue {
			if c := &queue[i]; c.due == first.due {
				in.Tick(c.tick(c.at))
				plan(c, c.at)
			}
		}
	}
}
