package db

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	pollEvery = time.Second
	// logPage is how many rows are read and handed on at once.
	logPage = 1000
	// logTimeout bounds one reading of the log; past it the followers are told to forget everything.
	logTimeout = 5 * time.Second
	// logLock is the advisory lock that makes the order of seq the order of commit on PostgreSQL.
	logLock = 7_361_120_001
)

// Change is a row of the change log.
type Change struct {
	Seq  int64     // rises by one with each row, in the order of commit
	At   time.Time // the time of the transaction
	Due  time.Time // when what the tags stand on changes by itself; zero: it has changed at At
	Tags []string
}

// Follower is told of every change. Its methods are called one at a time and must return soon; Write waits
// for them. They may read the database but not write it.
type Follower interface {
	// Apply gets changes in order. After Reset, those that are still due come a second time.
	Apply([]Change)
	// Reset says that changes may have been missed: forget everything that was kept, moments too, and what
	// is being made from earlier reads.
	Reset()
}

// Follow tells f of every change from now on. First it gets those whose Due is still to come.
func (d *DB) Follow(f Follower) { d.changes.follow(f) }

// Changed says what this transaction changes, as tags such as "story:4711". All calls in one transaction make
// one row. A tag holds no line feed.
func (t *Tx) Changed(tags ...string) { t.changes.add(time.Time{}, tags) }

// ChangesAt says what will change by itself at due, such as when a scheduled story appears. A moment that has
// come is the same as Changed.
func (t *Tx) ChangesAt(due time.Time, tags ...string) {
	due = due.UTC().Truncate(time.Millisecond)
	if !due.After(t.now) {
		due = time.Time{}
	}
	t.changes.add(due, tags)
}

// changes are the rows that a transaction will append, one for each moment, in the order of the calls.
type changes []Change

func (c *changes) add(due time.Time, tags []string) {
	i := slices.IndexFunc(*c, func(x Change) bool { return x.Due.Equal(due) })
	if i < 0 {
		i = len(*c)
		*c = append(*c, Change{Due: due})
	}
	for _, tag := range tags {
		if !slices.Contains((*c)[i].Tags, tag) {
			(*c)[i].Tags = append((*c)[i].Tags, tag)
		}
	}
}

// appendChanges is the last that a transaction does before its commit. The lock is held until the commit is
// seen by others, so a reader of the log never finds a row whose predecessor is still to come.
func (t *Tx) appendChanges(ctx context.Context) (seq int64, err error) {
	for _, c := range t.changes {
		if len(c.Tags) == 0 {
			continue
		}
		for _, tag := range c.Tags {
			if tag == "" || strings.Contains(tag, "\n") {
				return 0, t.end(fmt.Errorf("db: %q cannot be a tag of a change", tag))
			}
		}
		if seq == 0 && t.db.dialect == PostgreSQL {
			if _, err := t.Exec(quietly(ctx), `SELECT pg_advisory_xact_lock($1)`, int64(logLock)); err != nil {
				return 0, err
			}
		}
		due := sql.Null[int64]{V: Millis(c.Due), Valid: !c.Due.IsZero()}
		err := t.QueryRow(quietly(ctx), `
			INSERT INTO change_log (seq, at, due_at, tags)
			SELECT coalesce(max(seq), 0) + 1, CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT)
			FROM change_log
			RETURNING seq`, Millis(t.now), due, strings.Join(c.Tags, "\n")).Scan(&seq)
		if err != nil {
			return 0, t.end(err)
		}
	}
	return seq, nil
}

// changeLog hands the rows of the log to the followers.
type changeLog struct {
	db        *DB
	mu        sync.Mutex // held while followers are told
	cursor    int64      // the last row that the followers have been told of
	followers []*following
	failing   bool
}

type following struct {
	Follower
	knows bool // has been given the moments still due
}

func (l *changeLog) start(ctx context.Context, d *DB) error {
	l.db = d
	err := d.readers.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM change_log`).Scan(&l.cursor)
	if err != nil {
		return fmt.Errorf("db: reading the change log: %w", err)
	}
	return nil
}

func (l *changeLog) follow(f Follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.followers = append(l.followers, &following{Follower: f})
	l.catchUp(context.Background())
}

// reach returns when the followers have been told of row seq, or have been told to forget everything. Of the
// many that wait for it at once, the first reads for all.
func (l *changeLog) reach(seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cursor < seq {
		l.catchUp(context.Background())
	}
}

// poll finds the rows of other nodes, and tries again what has failed.
func (l *changeLog) poll(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.mu.Lock()
			l.catchUp(ctx)
			l.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// catchUp reads what is new and tells the followers. When it cannot, they are told to forget everything, so
// that none goes on showing what may have changed.
func (l *changeLog) catchUp(ctx context.Context) {
	within, cancel := context.WithTimeout(quietly(ctx), logTimeout)
	defer cancel()
	err := l.tell(within)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		for _, f := range l.followers {
			f.knows = false
			l.guard(f, f.Reset)
		}
	}
	if failing := err != nil; failing != l.failing {
		l.failing = failing
		if failing {
			l.db.log.Error("the change log cannot be read: pages are made anew until it can", "cause", err)
		} else {
			l.db.log.Info("the change log can be read again")
		}
	}
}

func (l *changeLog) tell(ctx context.Context) error {
	for _, f := range l.followers {
		if f.knows {
			continue
		}
		due, err := l.read(ctx, `
			SELECT seq, at, due_at, tags FROM change_log
			WHERE due_at > $1 AND seq <= $2
			ORDER BY seq`, Millis(l.db.Now()), l.cursor)
		if err != nil {
			return err
		}
		f.knows = true
		if len(due) > 0 {
			l.guard(f, func() { f.Apply(due) })
		}
	}
	for {
		news, err := l.read(ctx, `
			SELECT seq, at, due_at, tags FROM change_log
			WHERE seq > $1
			ORDER BY seq
			LIMIT $2`, l.cursor, logPage)
		if err != nil {
			return err
		}
		if len(news) == 0 {
			return nil
		}
		for _, f := range l.followers {
			l.guard(f, func() { f.Apply(news) })
		}
		l.cursor = news[len(news)-1].Seq
		if len(news) < logPage {
			return nil
		}
	}
}

func (l *changeLog) read(ctx context.Context, query string, args ...any) ([]Change, error) {
	rows, err := l.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Change
	for rows.Next() {
		var c Change
		var at int64
		var due sql.Null[int64]
		var tags string
		if err := rows.Scan(&c.Seq, &at, &due, &tags); err != nil {
			return nil, err
		}
		c.At = Time(at)
		if due.Valid {
			c.Due = Time(due.V)
		}
		c.Tags = strings.Split(tags, "\n")
		list = append(list, c)
	}
	return list, rows.Err()
}

// guard keeps a follower's panic from the others and from the writer whose change it was told of. One that
// panicked knows nothing any more.
func (l *changeLog) guard(f *following, tell func()) {
	if !l.survives(f, tell) {
		f.knows = false
		l.survives(f, f.Reset)
	}
}

func (l *changeLog) survives(f *following, tell func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			l.db.log.Error("a follower of the change log panicked", "follower", fmt.Sprintf("%T", f.Follower), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	tell()
	return true
}
