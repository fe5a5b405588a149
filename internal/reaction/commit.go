package reaction

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/fault"
)

// A row names a reaction in the table.
type row struct {
	story  db.ID
	reader [16]byte
}

// A request is one Set on its way through the queue. The committer writes counts and err before it closes done.
type request struct {
	row  row
	from source
	kind Kind

	counts Counts
	err    error
	done   chan struct{}
}

func (x *Reactions) enqueue(q *request) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.stopped {
		return unavailable(nil, "reaction-stopping", "the server is stopping; try again in a moment")
	}
	if len(x.queue) >= MaxQueued {
		return unavailable(nil, "reaction-busy", "too many reactions at once; try again in a moment")
	}
	x.queue = append(x.queue, q)
	select {
	case x.wake <- struct{}{}:
	default:
	}
	return nil
}

func unavailable(cause error, code, text string) error {
	f := fault.Wrap(cause, fault.Unavailable, code, text)
	f.RetryAfter = time.Second
	return f
}

// Run commits reactions until ctx ends. It then takes no more, commits what is queued and returns nil.
// Call it once.
func (x *Reactions) Run(ctx context.Context) error {
	for {
		batch, stopped := x.take(ctx.Err() != nil)
		switch {
		case len(batch) > 0:
			x.commit(context.WithoutCancel(ctx), batch)
		case stopped:
			return nil
		default:
			select {
			case <-x.wake:
			case <-ctx.Done():
			}
		}
	}
}

// take returns the head of the queue. After a take with stop nothing can join the queue any more.
func (x *Reactions) take(stop bool) (batch []*request, stopped bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stopped = x.stopped || stop
	n := min(len(x.queue), MaxBatch)
	batch = slices.Clone(x.queue[:n])
	x.queue = slices.Delete(x.queue, 0, n)
	return batch, x.stopped
}

// commit writes a batch, tells the watchers, and answers every request of it, whatever happens.
func (x *Reactions) commit(ctx context.Context, batch []*request) {
	var l *ledger
	err := errors.New("reaction: the committer broke off")
	defer func() {
		for i, q := range batch {
			if err != nil {
				q.err = err
			} else if q.err = l.refused[i]; q.err == nil {
				q.counts = l.sums[q.row.story]
			}
			close(q.done)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, MaxCommit)
	defer cancel()
	now := x.now()
	x.seen.shut(now)
	err = x.db.Write(ctx, func(tx *db.Tx) (err error) { // which may call this more than once
		l, err = x.apply(ctx, tx, batch, now)
		return err
	})
	switch {
	case err == nil:
	case fault.Of(err) != nil:
		return
	case errors.Is(err, context.DeadlineExceeded):
		err = unavailable(err, "database-busy", "the database does not answer in time; try again in a moment")
		return
	default:
		err = fmt.Errorf("reaction: commit: %w", err)
		return
	}
	for s, n := range l.fresh {
		x.seen.add(s, n, now)
	}
	x.mu.Lock()
	watch := x.watch
	x.mu.Unlock()
	for _, story := range l.changed() {
		for _, f := range watch {
			f(story, l.sums[story])
		}
	}
}

// A ledger is what one batch does to the tables.
type ledger struct {
	was, is map[row]Kind     // of every row that the batch names
	before  map[db.ID]Counts // of every story that it names
	sums    map[db.ID]Counts // the same after the batch
	fresh   map[source]int   // readers that were not there before
	refused []error          // by request; nil for those that were taken
}

// apply reads what a batch touches, plays its requests in order and writes what has changed.
func (x *Reactions) apply(ctx context.Context, tx *db.Tx, batch []*request, now time.Time) (*ledger, error) {
	named := make(map[row]bool, len(batch))
	for _, q := range batch {
		named[q.row] = true
	}
	rows := slices.SortedFunc(maps.Keys(named), compareRows)
	if err := hold(ctx, tx, x.db.Dialect(), rows); err != nil {
		return nil, err
	}
	l, err := read(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	l.is, l.sums = maps.Clone(l.was), maps.Clone(l.before)
	l.fresh, l.refused = make(map[source]int), make([]error, len(batch))
	for i, q := range batch {
		l.refused[i] = x.play(l, q, now)
	}
	return l, l.write(ctx, tx, rows)
}

// play applies one request to the ledger, or refuses it.
func (x *Reactions) play(l *ledger, q *request, now time.Time) error {
	held := l.is[q.row]
	if held == q.kind {
		return nil
	}
	if held == None {
		if err := x.admit(l, q.from, now); err != nil {
			return err
		}
		l.fresh[q.from]++
	}
	c := l.sums[q.row.story]
	c = c.with(held, c.Of(held)-1)
	c = c.with(q.kind, c.Of(q.kind)+1)
	l.sums[q.row.story], l.is[q.row] = c, q.kind
	return nil
}

// admit refuses a new reader of a source that has had its share of them.
func (x *Reactions) admit(l *ledger, s source, now time.Time) error {
	limit := x.limit4
	if s.network.Addr().Is6() {
		limit = x.limit6
	}
	if limit == 0 {
		return nil
	}
	n, ends := x.seen.count(s, now)
	if n+l.fresh[s] < limit {
		return nil
	}
	if x.seen.tell(s) {
		x.log.Warn("more new readers react to one story from one address in an hour than SOKBO_REACTION_NEW_PER_HOUR allows; raise it if they are honest", "story", s.story, "limit", limit)
	}
	f := fault.New(fault.TooMany, "reaction-limit", "too many new reactions to this story come from your network; try again later")
	f.RetryAfter = ends.Sub(now)
	return f
}

// changed returns the stories whose counts the batch changed, in order.
func (l *ledger) changed() []db.ID {
	var ids []db.ID
	for id, c := range l.sums {
		if c != l.before[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func compareRows(a, b row) int {
	return cmp.Or(cmp.Compare(a.story, b.story), bytes.Compare(a.reader[:], b.reader[:]))
}
