package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

const (
	checkpointEvery = 2 * time.Second
	optimizeEvery   = 6 * time.Hour
)

// keeper keeps SQLite's file in order: it copies the WAL into the file while writers go on, cuts the WAL to
// nothing when nobody writes, and refreshes what the query planner knows.
type keeper struct {
	db   *DB
	pool *sql.DB // one connection of its own: a checkpoint beside the writer does not hold it up
}

func (d *DB) startKeeper(ctx context.Context, o Options) error {
	pool, err := d.sqlitePool(pragmas(keeperBusyTimeout, false, o.NoSync), 1)
	if err != nil {
		return err
	}
	d.keeper = &keeper{d, pool}
	return d.keeper.optimize(ctx, "PRAGMA optimize=0x10002") // all tables, with a limit on the rows it looks at
}

func (k *keeper) run(ctx context.Context) {
	checkpoint, optimize := time.NewTicker(checkpointEvery), time.NewTicker(optimizeEvery)
	defer checkpoint.Stop()
	defer optimize.Stop()
	var seen int64     // commits at the last tick
	var truncated bool // nothing was written since the WAL was cut
	for {
		var err error
		select {
		case <-checkpoint.C:
			commits := k.db.commits.Load()
			switch {
			case commits != seen:
				seen, truncated = commits, false
				_, err = k.checkpoint(ctx, "PASSIVE")
			case !truncated:
				truncated, err = k.truncate(ctx)
			}
		case <-optimize.C:
			err = k.exclusively(ctx, func() error { return k.optimize(ctx, "PRAGMA optimize") })
		case <-ctx.Done():
			return
		case <-k.db.broken:
			return
		}
		if err != nil && ctx.Err() == nil {
			k.db.log.Warn("the database file could not be tidied, which is tried again", "cause", err)
		}
	}
}

// finish leaves the file whole and small for whoever opens it next.
func (k *keeper) finish(ctx context.Context) error {
	if err := k.optimize(ctx, "PRAGMA optimize"); err != nil {
		return err
	}
	_, err := k.checkpoint(ctx, "TRUNCATE")
	return err
}

// exclusively runs f while nobody writes.
func (k *keeper) exclusively(ctx context.Context, f func() error) error {
	if err := k.db.gate.enter(ctx, true); err != nil {
		return err
	}
	defer k.db.gate.leave()
	return f()
}

func (k *keeper) truncate(ctx context.Context) (done bool, err error) {
	err = k.exclusively(ctx, func() error {
		done, err = k.checkpoint(ctx, "TRUNCATE")
		return err
	})
	return done, err
}

// checkpoint says whether all of the WAL is in the file; a reader at an older moment prevents it.
func (k *keeper) checkpoint(ctx context.Context, mode string) (all bool, err error) {
	var busy bool
	var frames, copied int
	err = k.pool.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &frames, &copied)
	if err != nil {
		return false, fmt.Errorf("db: checkpoint: %w", err)
	}
	return !busy && copied == frames, nil
}

// optimize runs on the writer: what it decides on depends on the queries that its connection has seen.
func (k *keeper) optimize(ctx context.Context, pragma string) error {
	if _, err := k.db.writer.ExecContext(ctx, pragma); err != nil {
		return fmt.Errorf("db: %s: %w", pragma, err)
	}
	return nil
}
