package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sokbo/internal/fault"
)

// SQLSTATE codes of PostgreSQL that mean something here.
const (
	pgUnique           = "23505"
	pgSerialization    = "40001"
	pgDeadlock         = "40P01"
	pgStalePlan        = "0A000"
	pgLockTimeout      = "55P03"
	pgStatementTimeout = "57014"
	pgIdleInTx         = "25P03"
	pgDiskFull         = "53100"
)

// IsUnique says whether err is the refusal of a second row with the same key.
func IsUnique(err error) bool {
	var s *sqlite.Error
	if errors.As(err, &s) {
		return s.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || s.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return pgCode(err) == pgUnique
}

// retryable says whether the same transaction may succeed when it is run again.
func retryable(err error) bool {
	switch pgCode(err) {
	case pgSerialization, pgDeadlock, pgStalePlan:
		return true
	}
	return false
}

func pgCode(err error) string {
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

// translate turns what a driver reports into a fault where a caller can act on it, and leaves the rest alone.
// The driver's error stays inside. It is the one place that learns of a failing disk.
func (d *DB) translate(err error) error {
	if err == nil || fault.Of(err) != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var s *sqlite.Error
	var p *pgconn.PgError
	switch {
	case errors.As(err, &s):
		switch s.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return full(err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return busy(err)
		case sqlite3.SQLITE_CANTOPEN:
			return fault.Wrap(err, fault.Unavailable, "database-away", "the database file cannot be opened: look at the folder's rights and at the limit of open files")
		case sqlite3.SQLITE_IOERR:
			d.breakDown(err)
			return readOnly(err)
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			d.breakDown(err)
			return damaged(err)
		}
	case errors.As(err, &p):
		switch {
		case p.Code == pgDiskFull:
			return full(err)
		case p.Code == pgSerialization, p.Code == pgDeadlock, p.Code == pgLockTimeout, p.Code == pgStatementTimeout, p.Code == pgIdleInTx:
			return busy(err)
		// connection exceptions, too many connections, operator intervention, the server's own disk
		case strings.HasPrefix(p.Code, "08"), strings.HasPrefix(p.Code, "53"), strings.HasPrefix(p.Code, "57P"), strings.HasPrefix(p.Code, "58"):
			return away(err)
		}
	case d.dialect == PostgreSQL && lostConnection(err):
		return away(err)
	}
	return err
}

func lostConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		strings.HasSuffix(err.Error(), "conn closed") // pgx has no value for it
}

func full(err error) error {
	return fault.Wrap(err, fault.Full, "disk-full", "the disk is full and nothing was changed: make room and try again")
}

func busy(err error) error {
	return fault.Wrap(err, fault.Unavailable, "database-busy", "the database is busy and nothing was changed: try again")
}

func away(err error) error {
	return fault.Wrap(err, fault.Unavailable, "database-away", "the database cannot be reached: look whether PostgreSQL runs and whether SOKBO_DATABASE is right")
}

func readOnly(err error) error {
	return fault.Wrap(err, fault.Unavailable, "database-readonly", "the disk failed under the database, so nothing is written any more: look at the disk, then start Sokbo again")
}

func damaged(err error) error {
	return fault.Wrap(err, fault.Unavailable, "database-damaged", "the file sokbo.db is damaged, or no database of Sokbo: put a copy of it back, or name another data folder")
}

// breakDown ends all writing for the life of the process. SQLite itself would go on after a failed fsync as if
// nothing had happened, while the kernel may have thrown the pages away.
func (d *DB) breakDown(cause error) {
	d.breakOnce.Do(func() {
		d.log.Error("the database failed: nothing is written any more", "cause", cause)
		close(d.broken)
	})
}

// Broken is closed when the disk has failed under SQLite: reads go on, every write is refused, and the process
// should end so that a fresh one starts from what is on the disk.
func (d *DB) Broken() <-chan struct{} { return d.broken }

func (d *DB) isBroken() bool {
	select {
	case <-d.broken:
		return true
	default:
		return false
	}
}
