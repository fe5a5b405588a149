package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"sokbo/internal/fault"
)

// A flight is one rendering under way, and those who wait for it.
type flight struct {
	generation uint64 // of the ledger, noted before the first query
	begun      int64
	ctx        context.Context
	done       chan struct{} // closed when entry and err stand
	entry      *entry
	err        error
}

// start begins a rendering that later requests may share while nothing is dropped; the lock is held.
func (c *Cache) start(k key, r *http.Request, render Render, now int64) *flight {
	ctx, cancel := context.WithTimeout(context.Background(), RenderTimeout)
	f := &flight{generation: c.ledger.generation, begun: now, ctx: ctx, done: make(chan struct{})}
	c.flights[k] = f
	go func() {
		defer cancel()
		defer close(f.done)
		f.err = errors.New("page: the rendering of " + k.path + " ended its goroutine")
		defer c.land(k, f)
		f.entry, f.err = c.make(ctx, k, r, render, now)
	}()
	return f
}

// make renders and encodes.
func (c *Cache) make(ctx context.Context, k key, r *http.Request, render Render, now int64) (e *entry, err error) {
	defer func() {
		if p := recover(); p != nil {
			e, err = nil, fmt.Errorf("page: the rendering of %s panicked: %v\n%s", k.path, p, debug.Stack())
		}
	}()
	p, err := render(ctx, r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if e, err = c.newEntry(k, p, now); err != nil {
		return nil, err
	}
	if e.alive {
		e.render, e.request = render, r
		e.again.Store(now + AliveFresh.Milliseconds())
	}
	return e, nil
}

// land ends a flight and keeps its page if it is still right.
func (c *Cache) land(k key, f *flight) {
	now := c.now().UnixMilli()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[k] == f {
		delete(c.flights, k)
	}
	if f.err != nil || f.entry.status != http.StatusOK {
		return
	}
	kept, ok := k.kept()
	if !ok || !c.ledger.standing(f.generation, f.begun, f.entry.tags) {
		return
	}
	if other := c.shelf.entries[k]; other != nil && f.begun < other.begun && other.begun <= now {
		return // another rendering began later and is there already
	}
	f.entry.key = kept
	c.shelf.put(f.entry)
}

// wait returns what the flight brings, or earlier when its time is over or the reader leaves.
func (f *flight) wait(reader context.Context) (*entry, error) {
	select {
	case <-f.done:
		return f.entry, f.err
	case <-reader.Done():
		return nil, reader.Err()
	case <-f.ctx.Done():
	}
	select {
	case <-f.done: // it is closed before the context ends by itself
		return f.entry, f.err
	default:
		return nil, fault.Wrap(f.ctx.Err(), fault.Unavailable, "render-timeout", "the page took too long to make; try again")
	}
}

// refresh begins a rendering behind an alive page whose time it is, unless one is under way or all slots
// are taken: then a later request does.
func (c *Cache) refresh(e *entry, now int64) {
	again := e.again.Load()
	if now < again || !e.again.CompareAndSwap(again, now+AliveFresh.Milliseconds()) {
		return
	}
	select {
	case c.background <- struct{}{}:
	default:
		e.again.Store(again)
		return
	}
	c.mu.Lock()
	if c.shelf.entries[e.key] != e || c.flights[e.key] != nil {
		c.mu.Unlock()
		<-c.background
		return
	}
	f := c.start(e.key, e.request, e.render, now)
	c.mu.Unlock()
	go func() {
		<-f.done
		<-c.background
		if f.err != nil {
			c.log.Error("an alive page could not be rendered again; the one from before is still sent", "path", e.key.path, "err", f.err)
		}
	}()
}
