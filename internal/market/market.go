// Package market keeps prices: what venues say is checked, kept as minute closes, compared with what it was
// 24 hours before, and shown as boards.
//
// A [Venue] tells an [Intake] what it hears. Each venue fills one board. Ticks that are old, repeated or absurd
// are dropped and counted; the others move a row, whose newest state goes on the board at the board's next
// interval. [Market.Board] is the state of a board, [Market.Watch] what changed in it.
//
// # The 24-hour change
//
// A change with the basis 24h is against the close of the last whole minute that ended at or before
// now − 24 h. A minute without trades has the close before it. A close counts as known only if the venue was
// heard without a break from the last trade to the end of the minute, or said afterwards, as history or as its
// last trade, what the minute ended at; otherwise the basis is none. Known minutes are kept as candles, also
// those without trades, and fill the rings again after a restart.
//
// # Stated boards
//
// The board of an imported page stands as it was printed until the venue of that board has its first price,
// then it gives way whole.
package market

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/fault"
)

const (
	// MinInterval is the shortest time between two states of a board, and how often rows are looked at for
	// having turned stale.
	MinInterval = 500 * time.Millisecond
	// MaxInterval is the longest.
	MaxInterval = 10 * time.Second
	// MoversShown is how many rows the list of rising stocks has at most.
	MoversShown = 10
)

// spec is what kind of board a board is.
type spec struct {
	name   string
	basis  Basis
	always bool // its market never closes
	ranked bool // by percent, rising only
}

var specs = []spec{
	{name: Crypto, basis: Day, always: true},
	{name: Movers, basis: PreviousClose, ranked: true},
}

// Options say what a market is made of. The zero value is one with no prices in it.
type Options struct {
	// DB keeps minute closes and stated boards; nil keeps nothing over a restart.
	DB *db.DB
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log takes what an operator must know; nil is slog.Default.
	Log *slog.Logger
	// Zone is that of the times in JSON and of a session's date; nil is UTC.
	Zone *time.Location
	// Language of names, sources and notes: ko, en or ja; empty is ko.
	Language string
	// Feeds are the venues, each for a board of its own.
	Feeds []Venue
}

// Market holds the boards. Its methods are safe for concurrent use.
type Market struct {
	db       *db.DB
	now      func() time.Time
	log      *slog.Logger
	zone     *time.Location
	language string

	boards   map[string]*board
	feeds    []source
	interval atomic.Int64 // nanoseconds
	woken    chan struct{}

	keeping sync.Mutex
	pending []kept // settled minutes that are not stored yet
}

// source is a venue and what is known from it.
type source struct {
	venue Venue
	feed  *feed
	want  chan struct{} // there is something to load or to ask for
}

// New makes a market and reads the stated boards. Two venues for one board are refused with code "market-feeds".
func New(ctx context.Context, o Options) (*Market, error) {
	m := &Market{
		db: o.DB, now: o.Now, log: o.Log, zone: o.Zone, language: o.Language,
		boards: make(map[string]*board),
		woken:  make(chan struct{}, 1),
	}
	if m.now == nil {
		m.now = time.Now
	}
	if m.log == nil {
		m.log = slog.Default()
	}
	if m.zone == nil {
		m.zone = time.UTC
	}
	m.interval.Store(int64(MinInterval))
	for _, s := range specs {
		m.boards[s.name] = &board{spec: s, market: m}
	}
	for _, v := range o.Feeds {
		about := v.About()
		b := m.boards[about.Board]
		if b == nil {
			return nil, fault.New(fault.Invalid, "market-feeds", "feed %s fills a board %q that is not known", about.Name, about.Board)
		}
		if b.feed != nil {
			return nil, fault.New(fault.Invalid, "market-feeds",
				"feeds %s and %s both fill the board %s; configure one of them", b.feed.about.Name, about.Name, about.Board)
		}
		want := make(chan struct{}, 1)
		b.feed = newFeed(v, b.spec, m.now, func() { signal(want); signal(m.woken) })
		m.feeds = append(m.feeds, source{v, b.feed, want})
	}
	for _, s := range specs {
		if err := m.readStated(ctx, s.name); err != nil {
			return nil, err
		}
		m.boards[s.name].refresh(m.now())
	}
	return m, nil
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run follows the venues until ctx ends, then stores the minutes that are settled. It returns nil.
func (m *Market) Run(ctx context.Context) error {
	var wait sync.WaitGroup
	for _, s := range m.feeds {
		wait.Go(func() { m.again(ctx, s, "follow", func() error { return s.venue.Run(ctx, &Intake{s.feed}) }) })
		wait.Go(func() { m.again(ctx, s, "fill", func() error { return m.fill(ctx, s) }) })
	}
	wait.Go(func() { m.keep(ctx) })
	m.turn(ctx)
	wait.Wait()
	return nil
}

const (
	// RestartMin and RestartMax bound the growing wait before a venue is followed again.
	RestartMin = time.Second
	RestartMax = 30 * time.Second
)

// again runs f until ctx ends. A venue that fails or panics touches no other.
func (m *Market) again(ctx context.Context, s source, what string, f func() error) {
	wait := RestartMin
	for {
		begun, heard := m.now(), s.feed.lastHeard()
		err := m.guarded(f)
		if ctx.Err() != nil {
			return
		}
		if what == "follow" {
			s.feed.lose()
		}
		if s.feed.lastHeard() != heard && m.now().Sub(begun) > RestartMax {
			wait = RestartMin
		}
		m.log.Warn("market: a feed was broken off and is taken up again; check the net and the feed's address if this repeats",
			"feed", s.feed.about.Name, "board", s.feed.about.Board, "work", what, "wait", wait, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, RestartMax)
	}
}

func (m *Market) guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if err := f(); err != nil {
		return err
	}
	return errors.New("ended without an error")
}

// Board returns a board as it is now, in the site's language. It is false while there is neither a feed that has
// said what it lists nor an imported page for it.
func (m *Market) Board(name string) (Board, bool) { return m.BoardIn(name, m.language) }

// BoardIn is [Market.Board] with names, sources and notes in another language. Words of an imported page stay
// as printed.
func (m *Market) BoardIn(name, language string) (Board, bool) {
	b := m.boards[name]
	if b == nil {
		return Board{}, false
	}
	s := b.current.Load()
	if s == nil {
		return Board{}, false
	}
	return s.in(language, m.language), true
}

// Watch calls f with each new state of a board and the quotes that changed in it. Changed is nil where the
// board is another than before: other rows, another order, a feed after an imported page; and empty where only
// the session changed. All calls come from one goroutine while [Market.Run] runs, the first one with the board
// as it is then. f must return soon.
func (m *Market) Watch(name string, f func(all Board, changed []Quote)) {
	b := m.boards[name]
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers = append(b.watchers, &watcher{tell: f})
}

// SetInterval sets the shortest time between two states of each board, from [MinInterval] to [MaxInterval].
// Whoever sends the boards out stretches it while that takes too much of the machine. A row that turns stale
// or live, and a session, never wait for it.
func (m *Market) SetInterval(d time.Duration) {
	m.interval.Store(int64(min(max(d, MinInterval), MaxInterval)))
}

// Counts is how many ticks of a board's venue were taken, and how many dropped for which reason.
type Counts struct {
	Taken   int64
	Dropped map[Drop]int64
}

// Counts returns them since the start.
func (m *Market) Counts(name string) Counts {
	c := Counts{Dropped: make(map[Drop]int64)}
	b := m.boards[name]
	if b == nil || b.feed == nil {
		return c
	}
	b.feed.mu.Lock()
	defer b.feed.mu.Unlock()
	c.Taken = b.feed.taken
	for d, n := range b.feed.dropped {
		if n > 0 {
			c.Dropped[Drop(d)] = n
		}
	}
	return c
}

// Apply reads imported boards again when the log says that they changed.
func (m *Market) Apply(changes []db.Change) {
	for _, s := range specs {
		if slices.ContainsFunc(changes, func(c db.Change) bool { return slices.Contains(c.Tags, boardTag(s.name)) }) {
			m.reread(s.name)
		}
	}
}

// Reset reads all imported boards again.
func (m *Market) Reset() {
	for _, s := range specs {
		m.reread(s.name)
	}
}

func boardTag(name string) string { return "board:" + name }
