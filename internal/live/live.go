// Package live keeps very many open pages at the newest state, over server-sent events.
//
// A [Topic] is a state with a sequence number, not a channel of messages. Whoever owns the state publishes the
// whole of it (the snapshot) and what changed since the one before (the update). A reader is, for each of its
// topics, the number that it holds: one behind the newest it gets the update, anywhere else the snapshot. So
// there is no queue per reader and no log to replay, frames are encoded once and shared by all, and a slow phone
// costs nothing: it holds a number and skips what it was too slow for.
//
// Boards and the site stand for the life of the [Hub] ([Hub.Topic]). Topics of which there are too many to hold
// all, such as articles, are made when the first reader asks for one and dropped with the last ([Options].Resolve).
//
//	hub := live.NewHub(live.Options{})
//	board := hub.Topic("board.crypto")
//	board.Publish(all, changed)          // in the owner's goroutine, as often as it likes
//	return hub.Serve(w, r, names)        // in a handler, for the life of the connection
//
// Only [Hub.Serve] touches the writer.
package live

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MaxTopics is how many topics one stream follows. Those beyond are ignored.
	MaxTopics = 32

	defaultMax          = 100_000
	defaultPerAddress4  = 20_000 // many phones share one IPv4 address
	defaultPerAddress6  = 1_000
	defaultBeat         = 15 * time.Second
	defaultWriteTimeout = 10 * time.Second
	defaultPace         = time.Second

	deskShare   = 10      // one in ten places is kept for the desk
	manyReaders = 100_000 // above, beats come half as often
	beatChecks  = 15      // in one interval: a beat is late by at most that much

	retryLeast     = time.Second
	retryMost      = 3 * time.Second  // with few readers
	retryPerSecond = 5_000            // readers that may come back in one second
	closeRetryMost = 15 * time.Second // before a restart
	fullRetryLeast = time.Minute      // a reader who is refused polls meanwhile
	fullRetryMost  = 2 * time.Minute
)

// Options of a hub. The zero value is usable.
type Options struct {
	// Max is the number of open streams in all, 0 for 100,000. One tenth of it is kept for the desk.
	Max int
	// PerAddress4 and PerAddress6 are the open streams of one IPv4 address and of one IPv6 /64,
	// 0 for 20,000 and 1,000.
	PerAddress4, PerAddress6 int
	// Address says whom a stream counts against. By default it is the connection's other end. The
	// zero address counts against nobody.
	Address func(*http.Request) netip.Addr
	// Desk says whether the request comes from the newsroom; by default none does.
	Desk func(*http.Request) bool

	// Resolve says whether there can be a topic of this name that no one made with [Hub.Topic], and
	// how its state is loaded: one line of JSON. It is called for every name that strangers send, so it
	// looks at the name only. A load that answers fault.NotFound or fault.Gone leaves the topic silent;
	// after another error it is repeated as long as somebody reads the topic.
	Resolve func(name string) (load func(context.Context) ([]byte, error), ok bool)
	// Pace is the shortest time between two frames of a topic of Resolve, 0 for a second.
	Pace time.Duration

	// Beat is how long a stream is silent before it says that it lives, 0 for 15 s.
	Beat time.Duration
	// WriteTimeout is how long a reader may take over one frame before it is cut, 0 for 10 s.
	WriteTimeout time.Duration
	// Log gets what happens outside a request; nil for slog's default.
	Log *slog.Logger
}

// Hub knows the topics and who reads them. Its methods may be called by many goroutines.
type Hub struct {
	o       Options
	began   time.Time // what reader.sent counts from
	places  places
	loads   chan struct{} // one for each load that may run
	ctx     context.Context
	cancel  context.CancelFunc
	closing atomic.Bool

	mu      sync.RWMutex
	topics  map[string]*Topic
	readers []*reader
	beats   *time.Timer   // runs while there are readers
	empty   chan struct{} // closed when the last reader leaves; nil unless Close waits for it
}

// NewHub returns a hub without topics. It holds nothing that must be freed, but see [Hub.Close].
func NewHub(o Options) *Hub {
	set(&o.Max, defaultMax)
	set(&o.PerAddress4, defaultPerAddress4)
	set(&o.PerAddress6, defaultPerAddress6)
	set(&o.Pace, defaultPace)
	set(&o.Beat, defaultBeat)
	set(&o.WriteTimeout, defaultWriteTimeout)
	if o.Address == nil {
		o.Address = remoteAddress
	}
	if o.Desk == nil {
		o.Desk = func(*http.Request) bool { return false }
	}
	if o.Resolve == nil {
		o.Resolve = func(string) (func(context.Context) ([]byte, error), bool) { return nil, false }
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	h := &Hub{
		o:      o,
		began:  time.Now(),
		places: places{max: o.Max, max4: o.PerAddress4, max6: o.PerAddress6, by: map[netip.Prefix]int{}},
		loads:  make(chan struct{}, loadsAtOnce),
		topics: map[string]*Topic{},
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

func set[T comparable](v *T, otherwise T) {
	if *v == *new(T) {
		*v = otherwise
	}
}

// Topic returns the topic of this name. From now on it stands for the life of the hub, read or not.
func (h *Hub) Topic(name string) *Topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[name]
	if t == nil {
		t = &Topic{hub: h, name: name}
		h.topics[name] = t
	}
	t.stands = true
	return t
}

// PublishIfOpen is [Topic.Publish] on the topic of this name if somebody reads it or it stands, and nothing else.
// What a load that is under way brings is older and is dropped.
func (h *Hub) PublishIfOpen(name string, snapshot, update []byte) error {
	if t := h.lookup(name); t != nil {
		return t.Publish(snapshot, update)
	}
	return nil
}

// Refresh says that what Resolve's load for this name reads has changed. If somebody reads the topic it is
// loaded again, soon and at its pace however often Refresh is called, and published if it differs. If nobody
// does, nothing happens.
func (h *Hub) Refresh(name string) {
	if t := h.lookup(name); t != nil {
		t.refresh()
	}
}

func (h *Hub) lookup(name string) *Topic {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.topics[name]
}

// Readers returns how many streams are open.
func (h *Hub) Readers() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.readers)
}

// Close tells every reader to come back at a moment of its own within 15 s, ends the streams and waits until the
// last has ended or ctx is done; then it returns ctx's error. Streams that are opened later are told the same.
func (h *Hub) Close(ctx context.Context) error {
	h.closing.Store(true)
	h.cancel()
	h.mu.Lock()
	if h.empty == nil {
		h.empty = make(chan struct{})
		if len(h.readers) == 0 {
			close(h.empty)
		}
	}
	empty := h.empty
	for _, r := range h.readers {
		r.poke()
	}
	h.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join enters the reader and makes it follow the topics of these names. It returns false when the hub is closing.
func (h *Hub) join(r *reader, names []string) bool {
	h.mu.Lock()
	if h.closing.Load() {
		h.mu.Unlock()
		return false
	}
	r.slot = len(h.readers)
	h.readers = append(h.readers, r)
	if r.slot == 0 {
		h.beats = time.AfterFunc(h.o.Beat/beatChecks, h.beat)
	}
	topics := make([]*Topic, 0, min(len(names), MaxTopics))
	seen := make(map[string]bool, cap(topics))
	for _, name := range names {
		if len(topics) == MaxTopics {
			break
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		t := h.topics[name]
		if t == nil {
			load, ok := h.o.Resolve(name)
			if !ok {
				continue
			}
			t = &Topic{hub: h, name: name, pace: h.o.Pace, load: load}
			h.topics[name] = t
		}
		t.refs++
		topics = append(topics, t)
	}
	h.mu.Unlock()

	r.subs = make([]sub, len(topics)) // never grows: topics hold pointers into it
	for i, t := range topics {
		r.subs[i] = sub{topic: t, reader: r}
		t.add(&r.subs[i])
	}
	return true
}

func (h *Hub) leave(r *reader) {
	for i := range r.subs {
		r.subs[i].topic.remove(&r.subs[i])
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range r.subs {
		t := r.subs[i].topic
		if t.refs--; t.refs == 0 && !t.stands {
			delete(h.topics, t.name)
		}
	}
	last := len(h.readers) - 1
	h.readers[r.slot] = h.readers[last]
	h.readers[r.slot].slot = r.slot
	h.readers[last] = nil
	h.readers = h.readers[:last]
	if last == 0 {
		h.beats.Stop()
		if h.empty != nil {
			close(h.empty)
		}
	}
}

// beat wakes the readers that have heard nothing for the interval. One pass a second over all of them costs less
// than a timer each, which every frame would set anew.
func (h *Hub) beat() {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if len(h.readers) == 0 {
		return
	}
	for _, r := range h.readers {
		if h.silent(r) {
			r.poke()
		}
	}
	h.beats.Reset(h.o.Beat / beatChecks)
}

// silent reports whether it is time for a beat. h.mu need not be held.
func (h *Hub) silent(r *reader) bool {
	after := h.o.Beat
	if h.places.count() > manyReaders {
		after *= 2
	}
	return time.Since(h.began)-time.Duration(r.sent.Load()) >= after
}

// between returns a random duration, so that what happens to all at once does not come back at once.
func between(least, most time.Duration) time.Duration {
	return least + rand.N(most-least+1)
}

// retryWithin returns the longest time after which one of so many readers is to come back.
func retryWithin(readers int) time.Duration {
	return max(retryMost, time.Duration(readers)*time.Second/retryPerSecond)
}
