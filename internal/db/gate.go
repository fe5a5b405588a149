package db

import (
	"context"
	"slices"
	"sync"
	"time"
)

// bulkPatience is how long bulk work waits behind people at most: past it, one piece goes first. Without it a
// storm of reactions would hold off candles and imports for as long as it lasts.
const bulkPatience = time.Second

// gate lets one writer in at a time. People go before bulk work, each in the order of arrival.
type gate struct {
	mu           sync.Mutex
	held         bool
	people, bulk []*waiter
}

type waiter struct {
	let   chan struct{}
	since time.Time
}

// enter waits for its turn. It fails only with the error of ctx.
func (g *gate) enter(ctx context.Context, bulk bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if !g.held {
		g.held = true
		g.mu.Unlock()
		return nil
	}
	queue := &g.people
	if bulk {
		queue = &g.bulk
	}
	w := &waiter{let: make(chan struct{}), since: time.Now()}
	*queue = append(*queue, w)
	g.mu.Unlock()

	select {
	case <-w.let:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	i := slices.Index(*queue, w)
	if i >= 0 {
		*queue = slices.Delete(*queue, i, i+1)
	}
	g.mu.Unlock()
	if i < 0 { // the turn came in the same moment: pass it on
		g.leave()
	}
	return ctx.Err()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	queue := &g.people
	if len(g.people) == 0 || len(g.bulk) > 0 && time.Since(g.bulk[0].since) > bulkPatience {
		queue = &g.bulk
	}
	if len(*queue) == 0 {
		g.held = false
		return
	}
	close((*queue)[0].let)
	*queue = slices.Delete(*queue, 0, 1)
}
