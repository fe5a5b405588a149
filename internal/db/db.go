// Package db opens the database, SQLite in the data folder or PostgreSQL, and is the only package that knows
// which of the two it is.
//
// Statements are plain SQL with $N that both understand; they stand in the package that owns the tables.
// Everything is read with [DB.Query], [DB.QueryRow] or, for several queries at one moment, [DB.Read], and
// written inside [DB.Write] or [DB.Bulk].
//
// # The change log
//
// Every edit that something cached may show calls [Tx.Changed] with the tags of what it changed, and
// [Tx.ChangesAt] for what will change by itself at a later moment. The rows are written in the edit's own
// transaction, in the order of commit. A [Follower] gets each of them once and in order: those of this node
// before Write returns, those of other nodes within about a second. So nothing is announced before it is
// committed, and after Write has returned no cache of this node shows what was before.
//
// # Errors
//
// What a caller can act on is a fault: Full "disk-full", Unavailable "database-busy", "database-away",
// "database-readonly" or "database-closed". Any error inside a transaction ends it, whatever its function returns.
package db

import (
	"context"
	"database/sql"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"sokbo/internal/fault"
)

// Options say which database to open. The zero value is SQLite in the current folder.
type Options struct {
	// URL is postgres://… or empty for SQLite in Dir.
	URL string
	// Dir is the data folder. It is made if it is not there, with rights for its owner only.
	// With PostgreSQL it is not used.
	Dir string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log takes what an operator must know; nil is slog.Default.
	Log *slog.Logger
	// Readers is how many queries run at once; 0 is twice the number of cores, at least 4.
	Readers int
	// NoSync lets SQLite's commits return before they are on the disk. It is for tests: a power cut takes
	// acknowledged writes with it.
	NoSync bool
}

// Dialect is the kind of a database. Only texts that cannot be the same on both need it.
type Dialect int

const (
	SQLite Dialect = iota
	PostgreSQL
)

func (d Dialect) String() string { return [...]string{"SQLite", "PostgreSQL"}[d] }

// writers is how many transactions write at once on PostgreSQL. SQLite has one writer.
const writers = 8

// readLimit is how long one [DB.Read] may hold its snapshot: an open reader keeps SQLite's WAL growing.
const readLimit = 5 * time.Second

// DB is an open database. Its methods may be called from many goroutines at once.
type DB struct {
	dialect Dialect
	now     func() time.Time
	log     *slog.Logger
	readers *sql.DB
	writer  *sql.DB
	file    string // SQLite's

	gate    gate
	ids     idSource
	queries atomic.Int64
	longest atomic.Int64 // nanoseconds
	commits atomic.Int64
	changes changeLog

	broken    chan struct{}
	breakOnce sync.Once
	closed    chan struct{}
	closeOnce sync.Once
	writing   sync.RWMutex       // read-locked by every write, locked by Close
	stop      context.CancelFunc // ends what runs in the background
	running   sync.WaitGroup
	unlock    func()
	keeper    *keeper // SQLite's
}

// Open opens the database, brings its schema up to date and proves that it is set up as it must be: it takes
// the lock of the data folder (fault "data-in-use" where another process has it), reads SQLite's pragmas or
// PostgreSQL's settings back from every connection, refuses a PostgreSQL database that does not order text by
// bytes (fault "database-order", with the command that makes a right one), and refuses a schema of a newer
// program (fault "schema-newer").
func Open(ctx context.Context, o Options) (*DB, error) {
	d := &DB{
		now:    o.Now,
		log:    o.Log,
		broken: make(chan struct{}),
		closed: make(chan struct{}),
		unlock: func() {},
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.Default()
	}
	if o.Readers <= 0 {
		o.Readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	open := d.openSQLite
	if o.URL != "" {
		d.dialect = PostgreSQL
		open = d.openPostgreSQL
	}
	if err := open(quietly(ctx), o); err != nil {
		d.release()
		return nil, err
	}
	if err := d.changes.start(quietly(ctx), d); err != nil {
		d.release()
		return nil, err
	}
	background, stop := context.WithCancel(quietly(context.Background()))
	d.stop = stop
	d.running.Go(func() { d.changes.poll(background) })
	if d.keeper != nil {
		d.running.Go(func() { d.keeper.run(background) })
	}
	return d, nil
}

// Close refuses further writes, waits for those under way, and closes the database. It may be called more than
// once. Its error says that the file could not be tidied; nothing stays open or locked.
//
// After [DB.Broken] it leaves everything as it is, the lock too, for the end of the process: closing its last
// connection, SQLite would write to the failed disk.
func (d *DB) Close() error {
	var err error
	d.closeOnce.Do(func() {
		close(d.closed)
		d.writing.Lock()
		defer d.writing.Unlock()
		d.stop()
		d.running.Wait()
		if d.isBroken() {
			return
		}
		if d.keeper != nil {
			err = d.keeper.finish(quietly(context.Background()))
		}
		d.release()
	})
	return err
}

// release closes what is open, readers first: SQLite's last connection folds the WAL into the file, and a
// reader may not write.
func (d *DB) release() {
	if d.readers != nil {
		d.readers.Close()
	}
	if d.keeper != nil {
		d.keeper.pool.Close()
	}
	if d.writer != nil {
		d.writer.Close()
	}
	d.unlock()
}

func (d *DB) isClosed() bool {
	select {
	case <-d.closed:
		return true
	default:
		return false
	}
}

// Dialect says which of the two databases this is.
func (d *DB) Dialect() Dialect { return d.dialect }

// Now is the clock's time in UTC, cut to milliseconds, which is what the database keeps.
func (d *DB) Now() time.Time { return d.now().UTC().Truncate(time.Millisecond) }

// Queries is how many statements this process has run, counted in the driver: each row of a batch on SQLite is
// one. What this package runs of its own accord (the change log, checkpoints) is not counted.
func (d *DB) Queries() int64 { return d.queries.Load() }

// LongestHold is the longest time that one transaction has kept other writers waiting on SQLite, its commit
// included. On PostgreSQL it is the longest transaction.
func (d *DB) LongestHold() time.Duration { return time.Duration(d.longest.Load()) }

// Query runs a statement that reads. One that writes is refused by the database.
//
// The rows must be closed. Never call it inside Write or Read: use their Query.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.readers.QueryContext(ctx, query, args...)
}

// QueryRow is Query for at most one row; without one, Scan returns sql.ErrNoRows.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return d.readers.QueryRowContext(ctx, query, args...)
}

// Reader reads at one moment. It is good only inside the function that it was given to, and for one
// goroutine; its rows must be closed before the next query.
type Reader struct {
	db *DB
	tx *sql.Tx
}

// Read runs f with a reader that sees the database as of its first query, whatever is committed meanwhile.
// It may last five seconds.
func (d *DB) Read(ctx context.Context, f func(r *Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	o := &sql.TxOptions{ReadOnly: true}
	if d.dialect == PostgreSQL {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.readers.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return f(&Reader{d, tx})
}

// Query is [DB.Query] at the reader's moment.
func (r *Reader) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return r.tx.QueryContext(ctx, query, args...)
}

// QueryRow is [DB.QueryRow] at the reader's moment.
func (r *Reader) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return r.tx.QueryRowContext(ctx, query, args...)
}

// Ready says whether the database can be read and written now: nil, or the fault that a write would get.
func (d *DB) Ready(ctx context.Context) error {
	if err := d.writable(); err != nil {
		return err
	}
	pool := d.readers
	if d.dialect == PostgreSQL {
		pool = d.writer
	}
	var one int
	return pool.QueryRowContext(quietly(ctx), `SELECT 1`).Scan(&one)
}

// writable says why no write may begin, or nil.
func (d *DB) writable() error {
	if d.isClosed() {
		return fault.New(fault.Unavailable, "database-closed", "Sokbo is stopping: try again in a moment")
	}
	if d.isBroken() {
		return readOnly(nil)
	}
	return nil
}
