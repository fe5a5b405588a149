package live

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sokbo/internal/fault"
)

const (
	loadsAtOnce = 8 // after a restart every reader of every article is back at once
	loadTimeout = 5 * time.Second
	loadAgain   = 5 * time.Second // after a load that failed
)

// Topic is a state that readers follow. Its methods may be called by many goroutines.
type Topic struct {
	hub  *Hub
	name string
	load func(context.Context) ([]byte, error) // nil where only Publish brings the state

	// Guarded by hub.mu: whether it outlives its readers, and how many they are.
	stands bool
	refs   int

	newest atomic.Pointer[state] // nil until the first publish; changed under mu

	mu      sync.Mutex
	subs    []*sub
	pace    time.Duration // 0: every publish is a frame
	last    time.Time     // of the newest frame
	held    *held         // what waits until the pace allows it
	loading bool          // a load runs or is to run
	stale   bool          // another is needed after it
}

// state is one number's frames, shared by all readers and never changed.
type state struct {
	seq      uint64
	snapshot []byte
	update   []byte // nil if only the snapshot leads here
	data     []byte // the data of the snapshot, inside it
}

// after returns the frame that brings a reader who holds seq to this state.
func (s *state) after(seq uint64) []byte {
	if s.update != nil && seq != 0 && seq == s.seq-1 {
		return s.update
	}
	return s.snapshot
}

type held struct{ snapshot, update []byte }

// Pace sets the shortest time between two frames and returns the topic. What is published sooner is held back, the
// newest only; where that left out a state, readers get the snapshot.
func (t *Topic) Pace(d time.Duration) *Topic {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pace = d
	return t
}

// Publish makes snapshot the topic's state and raises its sequence number by one. Update is what leads there from
// the state before; nil sends the snapshot to everybody. Both are one line of JSON, and are copied. It does not
// wait for readers. Data that is empty, not UTF-8 or has a CR, LF or NUL is refused as fault.Invalid, code
// "live-data", and nothing is published.
func (t *Topic) Publish(snapshot, update []byte) error {
	if err := check(snapshot); err != nil {
		return fmt.Errorf("publish %s: %w", t.name, err)
	}
	if update != nil {
		if err := check(update); err != nil {
			return fmt.Errorf("publish %s: %w", t.name, err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.publish(snapshot, update)
	return nil
}

// publish is called with mu held.
func (t *Topic) publish(snapshot, update []byte) {
	if t.held != nil {
		*t.held = held{snapshot: bytes.Clone(snapshot)}
		return
	}
	if wait := t.wait(); wait > 0 {
		t.held = &held{bytes.Clone(snapshot), bytes.Clone(update)}
		time.AfterFunc(wait, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			h := t.held
			t.held = nil
			t.put(h.snapshot, h.update)
		})
		return
	}
	t.put(snapshot, update)
}

// wait returns how long the next frame has to wait for the pace. mu is held.
func (t *Topic) wait() time.Duration {
	if t.pace == 0 || t.newest.Load() == nil {
		return 0
	}
	return t.pace - time.Since(t.last)
}

func (t *Topic) put(snapshot, update []byte) {
	s := &state{seq: 1}
	if old := t.newest.Load(); old != nil {
		s.seq = old.seq + 1
	}
	s.snapshot = frame("snapshot", s.seq, snapshot)
	end := len(s.snapshot) - len("\n\n")
	s.data = s.snapshot[end-len(snapshot) : end]
	if update != nil {
		s.update = frame("update", s.seq, update)
	}
	t.newest.Store(s)
	t.last = time.Now()
	for _, sub := range t.subs {
		sub.reader.poke()
	}
}

func (t *Topic) add(s *sub) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.slot = len(t.subs)
	t.subs = append(t.subs, s)
	if t.load != nil && !t.loading && (t.newest.Load() == nil || t.stale) {
		t.loading = true
		go t.reload()
	}
}

func (t *Topic) remove(s *sub) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.subs) - 1
	t.subs[s.slot] = t.subs[last]
	t.subs[s.slot].slot = s.slot
	t.subs[last] = nil
	t.subs = t.subs[:last]
}

// refresh has the state loaded again.
func (t *Topic) refresh() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.load == nil {
		return
	}
	t.stale = true
	if !t.loading {
		t.loading = true
		time.AfterFunc(t.wait(), t.reload)
	}
}

// reload loads the state and publishes it if it differs. One at a time runs for a topic.
func (t *Topic) reload() {
	t.hub.loads <- struct{}{}
	t.mu.Lock()
	t.stale = false // what changes from here on may be missing in what is loaded
	before := t.newest.Load()
	t.mu.Unlock()
	data, err := t.read()
	<-t.hub.loads

	t.mu.Lock()
	defer t.mu.Unlock()
	again := t.wait()
	switch kind := fault.KindOf(err); {
	case err == nil:
		if t.newest.Load() == before && t.held == nil && (before == nil || !bytes.Equal(data, before.data)) {
			t.publish(data, data)
			again = t.wait()
		}
	case kind == fault.NotFound || kind == fault.Gone:
	case t.hub.ctx.Err() == nil:
		t.hub.o.Log.Warn("a live topic could not be loaded and is tried again", "topic", t.name, "error", err)
		t.stale = true
		again = loadAgain
	}
	if t.loading = t.stale && len(t.subs) > 0; t.loading {
		time.AfterFunc(again, t.reload)
	}
}

func (t *Topic) read() (data []byte, err error) {
	ctx, cancel := context.WithTimeout(t.hub.ctx, loadTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	data, err = t.load(ctx)
	if err == nil {
		err = check(data)
	}
	return data, err
}
