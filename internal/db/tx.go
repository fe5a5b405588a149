package db

import (
	"cmp"
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
)

const (
	// retries is how often a transaction that PostgreSQL broke off for another one is run again.
	retries = 3
	// retryPause is the first pause before that, in the middle; each further one is twice as long.
	retryPause = 10 * time.Millisecond
	// writeLimit is how long a transaction may last at all.
	writeLimit = 30 * time.Second
)

// Tx is a transaction that writes. It is good only inside the function that it was given to, and for one
// goroutine. Any error that one of its methods returns ends it: what follows fails, and nothing is committed.
// The rows of a query must be closed before the next statement.
type Tx struct {
	db      *DB
	sql     *sql.Tx
	now     time.Time
	err     error
	changes changes
}

// Write runs f in a transaction and commits it if f returns nil. Any error, a panic, and the end of ctx before
// the commit undo everything. It returns after the commit is on the disk and after the followers of this node
// have read what f changed. When the commit itself fails, or Write ends in an error of kind Unavailable, the
// rows may be there or not.
//
// f may be run again when PostgreSQL broke the transaction off in favour of another, so it must do nothing
// outside of tx: no network, no files, no channels, and no Write within Write. The error of f is returned as it is.
func (d *DB) Write(ctx context.Context, f func(tx *Tx) error) error { return d.write(ctx, false, f) }

// Bulk is Write for work that nobody waits for: imports, candles, rebuilding. It lets every waiting Write go
// first (for a second at most), and at most one Bulk runs at a time. Keep its pieces to 20 ms.
func (d *DB) Bulk(ctx context.Context, f func(tx *Tx) error) error { return d.write(ctx, true, f) }

func (d *DB) write(ctx context.Context, bulk bool, f func(tx *Tx) error) error {
	d.writing.RLock()
	defer d.writing.RUnlock()
	pause := retryPause
	for attempt := 0; ; attempt++ {
		seq, err := d.attempt(ctx, bulk, f)
		if err == nil {
			if seq > 0 {
				d.changes.reach(seq)
			}
			return nil
		}
		if attempt == retries || !retryable(err) {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
			pause *= 2
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attempt runs one transaction and returns the number of its last row in the change log, 0 without one.
func (d *DB) attempt(ctx context.Context, bulk bool, f func(tx *Tx) error) (seq int64, err error) {
	if err := d.writable(); err != nil {
		return 0, err
	}
	if d.dialect == SQLite || bulk {
		if err := d.gate.enter(ctx, bulk); err != nil {
			return 0, err
		}
		defer d.gate.leave()
		if err := d.writable(); err != nil {
			return 0, err
		}
	}
	// The end of ctx stops everything up to the commit, but never the commit: nobody could say how it ended.
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	detach := context.AfterFunc(ctx, cancel)
	defer detach()
	stx, err := d.writer.BeginTx(whole, nil)
	if err != nil {
		return 0, cmp.Or(ctx.Err(), err)
	}
	defer d.noteHold(time.Now())
	defer stx.Rollback() // also after a panic; after a commit it does nothing

	tx := &Tx{db: d, sql: stx, now: d.Now()}
	if err := f(tx); err != nil {
		return 0, err
	}
	if tx.err != nil {
		return 0, tx.err
	}
	if seq, err = tx.appendChanges(ctx); err != nil {
		return 0, err
	}
	if !detach() {
		return 0, ctx.Err()
	}
	if err := stx.Commit(); err != nil {
		return 0, err
	}
	d.commits.Add(1)
	return seq, nil
}

func (d *DB) noteHold(since time.Time) {
	took := int64(time.Since(since))
	for {
		longest := d.longest.Load()
		if took <= longest || d.longest.CompareAndSwap(longest, took) {
			return
		}
	}
}

// end notes what ended the transaction.
func (t *Tx) end(err error) error {
	if err != nil && t.err == nil {
		t.err = err
	}
	return err
}

// Now is the one time of this transaction, UTC in milliseconds: an edit has one timestamp.
func (t *Tx) Now() time.Time { return t.now }

// NewID makes an id that no other row has. Ids made by one process only rise.
func (t *Tx) NewID() ID { return t.db.ids.next(t.now) }

// Exec runs a statement and returns how many rows it touched.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if t.err != nil {
		return 0, t.err
	}
	r, err := t.sql.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, t.end(err)
	}
	n, err := r.RowsAffected()
	return n, t.end(err)
}

// Query runs a statement that gives rows, such as a SELECT or an INSERT with RETURNING.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if t.err != nil {
		return nil, t.err
	}
	rows, err := t.sql.QueryContext(ctx, query, args...)
	return rows, t.end(err)
}

// QueryRow is Query for at most one row. Without one, Scan returns sql.ErrNoRows, which does not end the
// transaction.
func (t *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return t.sql.QueryRowContext(ctx, query, args...)
}
