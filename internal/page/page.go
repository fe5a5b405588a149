// Package page keeps rendered pages and answers with them.
//
// A page is the same for all readers. It is kept under host, path, content coding and the listed query
// names, and under nothing else: a rendering is given a request that holds only these, so that no header,
// cookie or unknown query name of one reader can get into what another one is sent. Every page carries the
// tags of what it shows; a dropped tag takes its pages with it.
//
// The promise: an answer to a request that began after [Cache.Drop] returned, or at or after a moment
// given to [Cache.DropAt], was rendered after it.
package page

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Page is what a rendering returns.
type Page struct {
	Status int         // 0 is 200; only these are kept
	Type   string      // Content-Type
	Header http.Header // further headers; not those that the cache sets itself, and no Set-Cookie
	Body   []byte      // copied or compressed, not held
	Tags   []string    // what the page shows: dropping any of these drops the page
	Alive  bool        // the page shows moving values: rendered again from time to time, see AliveFresh
}

// Render makes a page. Its request holds method GET, host, path, path values and the listed query names,
// and no more. Its context ends after [RenderTimeout], not when a reader leaves.
type Render func(ctx context.Context, r *http.Request) (Page, error)

// The limits of the cache.
const (
	DefaultMaxBytes = 64 << 20 // memory for pages where Options does not say
	MaxKeyBytes     = 512      // a page whose path and query are longer together is not kept
	maxShare        = 8        // nor one that takes more than this part of the memory

	RenderTimeout = 10 * time.Second // for one rendering

	AliveFresh = 10 * time.Second // from this age of an alive page the next request starts a rendering behind it
	AliveMax   = 10 * time.Minute // above this age it is not sent; it is rendered first
)

// Options of a cache. The zero value is usable.
type Options struct {
	MaxBytes     int64            // 0: DefaultMaxBytes
	Now          func() time.Time // nil: time.Now; the clock by which moments fall due
	Log          *slog.Logger     // nil: slog.Default(); for renderings that no reader waits for
	Query        []string         // the query names that pages of the whole site depend on
	SharedMaxAge time.Duration    // above zero, shared caches may keep a page this long without asking
}

// Cache keeps rendered pages. It is safe for concurrent use.
type Cache struct {
	now          func() time.Time
	log          *slog.Logger
	query        []string
	cacheControl []string
	zstd         *zstd.Encoder
	background   chan struct{} // a slot for each rendering that no reader waits for

	next atomic.Int64 // milliseconds of the next due moment

	mu      sync.RWMutex
	shelf   shelf
	ledger  ledger
	flights map[key]*flight
}

// New returns an empty cache.
func New(o Options) *Cache {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	c := &Cache{
		now:          o.Now,
		log:          o.Log,
		query:        o.Query,
		cacheControl: []string{cacheControl(o.SharedMaxAge)},
		zstd:         newZstd(),
		background:   make(chan struct{}, runtime.GOMAXPROCS(0)),
		shelf:        newShelf(o.MaxBytes),
		ledger:       newLedger(),
		flights:      map[key]*flight{},
	}
	c.next.Store(never)
	return c
}

// Lookup answers a GET or HEAD whose page is kept, and reports whether it did. It asks nothing of
// anyone, so it may stand before routing; the request's path must be in its one canonical form.
func (c *Cache) Lookup(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	k := c.key(r)
	now := c.now().UnixMilli()
	c.fire(now)
	c.mu.RLock()
	e := c.shelf.get(k, now)
	c.mu.RUnlock()
	if e == nil {
		return false
	}
	c.refresh(e, now)
	e.answer(w, r)
	return true
}

// Serve answers a GET or HEAD with the page that render makes, or that is being made for another reader
// at this moment, and keeps it. It returns the error of the rendering, or that of a reader who left, and
// has then written nothing.
func (c *Cache) Serve(w http.ResponseWriter, r *http.Request, render Render) error {
	k := c.key(r)
	now := c.now().UnixMilli()
	c.fire(now)
	c.mu.Lock()
	e := c.shelf.get(k, now)
	if e != nil {
		c.mu.Unlock()
		e.answer(w, r)
		return nil
	}
	f := c.flights[k]
	if f == nil || f.generation != c.ledger.generation || f.ctx.Err() != nil {
		f = c.start(k, bare(r, k), render, now)
	}
	c.mu.Unlock()
	e, err := f.wait(r.Context())
	if err != nil {
		return err
	}
	e.answer(w, r)
	return nil
}

// Drop forgets the pages that carry one of tags. Renderings that are under way are neither kept, if they
// turn out to carry one, nor given to requests that begin from now on.
func (c *Cache) Drop(tags []string) {
	if len(tags) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(tags)
}

// DropAt is Drop at a moment: the first request at or after due, by the cache's clock, finds the pages
// gone. The same moment may be told more than once.
func (c *Cache) DropAt(due time.Time, tags []string) {
	if len(tags) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.schedule(due.UnixMilli(), tags)
	c.fireDue(c.now().UnixMilli())
}

// Reset forgets all pages, as after a gap in what Drop was told. Moments that are still to come stay.
func (c *Cache) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shelf.clear()
	c.ledger.reset()
}

// Size returns how many pages are kept and how many bytes of memory they are counted as.
func (c *Cache) Size() (pages int, bytes int64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.shelf.entries), c.shelf.bytes
}

// drop does what Drop says; the lock is held.
func (c *Cache) drop(tags []string) {
	c.ledger.record(tags)
	c.shelf.drop(tags)
}

// fire drops what has fallen due. It is one atomic read while nothing has.
func (c *Cache) fire(now int64) {
	if now < c.next.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fireDue(now)
}

// fireDue is fire with the lock held. The next moment is published last: until then other requests come
// here too, and wait for the lock.
func (c *Cache) fireDue(now int64) {
	if tags := c.ledger.due(now); len(tags) > 0 {
		c.drop(tags)
	}
	c.next.Store(c.ledger.nextDue())
}
