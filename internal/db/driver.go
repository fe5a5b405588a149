package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// A link is a connection to either database as database/sql sees it. Around the real driver it
//   - checks every connection when it is made (connector.check),
//   - counts statements,
//   - refuses arguments that the two databases would take differently,
//   - translates errors, and lets any error end the transaction it happened in: SQLite would go on and commit
//     the rest, PostgreSQL would not,
//   - refuses a statement while rows of another are open: SQLite takes it, PostgreSQL does not.
//
// database/sql calls one connection from one goroutine at a time.
type link struct {
	db     *DB
	inner  driver.Conn
	inTx   bool
	failed error // what ended the transaction
	open   int   // row sets not yet closed
	bad    bool  // not to be used again
}

type connector struct {
	driver.Connector
	db    *DB
	check func(context.Context, driver.Conn) error
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, c.db.translate(err)
	}
	if err := c.check(ctx, inner); err != nil {
		inner.Close()
		return nil, c.db.translate(err)
	}
	return &link{db: c.db, inner: inner}, nil
}

// uncounted marks the statements that this package runs of its own accord.
type uncounted struct{}

func quietly(ctx context.Context) context.Context { return context.WithValue(ctx, uncounted{}, true) }

var (
	errOpenRows = errors.New("db: a statement was begun while rows of another are open: read them all and close them first")
	errEnded    = errors.New("db: an earlier error ended this transaction")
)

// begin is called before every statement.
func (c *link) begin(ctx context.Context) error {
	if c.failed != nil {
		return fmt.Errorf("%w: %w", errEnded, c.failed)
	}
	if c.open > 0 {
		return c.done(errOpenRows)
	}
	if ctx.Value(uncounted{}) == nil {
		c.db.queries.Add(1)
	}
	return nil
}

// done is called with the outcome of every statement.
func (c *link) done(err error) error {
	if err == nil {
		return nil
	}
	err = c.db.translate(err)
	if c.inTx && c.failed == nil {
		c.failed = err
	}
	return err
}

func (c *link) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	r, err := c.inner.(driver.ExecerContext).ExecContext(ctx, query, args)
	return r, c.done(err)
}

func (c *link) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	inner := c.inner.(driver.QueryerContext)
	r, err := inner.QueryContext(ctx, query, args)
	if err != nil && !c.inTx && pgCode(err) == pgStalePlan { // another node has changed a table: once per connection and text
		r, err = inner.QueryContext(ctx, query, args)
	}
	return c.rows(r, err)
}

func (c *link) rows(r driver.Rows, err error) (driver.Rows, error) {
	if err != nil {
		return nil, c.done(err)
	}
	c.open++
	return &rows{Rows: r, link: c}, nil
}

func (c *link) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.failed != nil {
		return nil, fmt.Errorf("%w: %w", errEnded, c.failed)
	}
	s, err := c.inner.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, c.done(err)
	}
	return &stmt{Stmt: s, link: c}, nil
}

func (c *link) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *link) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	t, err := c.inner.(driver.ConnBeginTx).BeginTx(ctx, o)
	if err != nil {
		return nil, c.db.translate(err)
	}
	c.inTx, c.failed = true, nil
	return &tx{Tx: t, link: c}, nil
}

func (c *link) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *link) Ping(ctx context.Context) error {
	return c.done(c.inner.(driver.Pinger).Ping(ctx))
}

func (c *link) ResetSession(ctx context.Context) error {
	c.open, c.failed = 0, nil
	return c.inner.(driver.SessionResetter).ResetSession(ctx)
}

func (c *link) IsValid() bool {
	if v, ok := c.inner.(driver.Validator); ok && !v.IsValid() {
		return false
	}
	return !c.bad
}

func (c *link) Close() error { return c.inner.Close() }

// CheckNamedValue is the one door for every argument of every statement.
func (c *link) CheckNamedValue(nv *driver.NamedValue) error {
	v, err := checked(nv.Value)
	if err != nil {
		return c.done(fmt.Errorf("db: argument $%d: %w", nv.Ordinal, err))
	}
	nv.Value = v
	return nil
}

// checked returns v as a driver takes it, or says why the two databases would not agree about it.
func checked(v any) (driver.Value, error) {
	if l, ok := v.(list); ok { // only a batch makes one
		return l.array(), l.check()
	}
	v, err := driver.DefaultParameterConverter.ConvertValue(v)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return v, checkText(v)
	case float64:
		return nil, errors.New("a floating point number (PostgreSQL would cut it to fit): pass an integer or a decimal's text")
	case time.Time:
		return nil, errors.New("a time: pass db.Millis of it")
	}
	return v, nil
}

// checkText refuses what PostgreSQL cannot store as text and SQLite would.
func checkText(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("text that is not valid UTF-8")
	}
	if strings.IndexByte(s, 0) >= 0 {
		return errors.New("text with a NUL character")
	}
	return nil
}

type stmt struct {
	driver.Stmt
	link *link
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.link.begin(ctx); err != nil {
		return nil, err
	}
	r, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return r, s.link.done(err)
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.link.begin(ctx); err != nil {
		return nil, err
	}
	return s.link.rows(s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args))
}

type tx struct {
	driver.Tx
	link *link
}

func (t *tx) Commit() error {
	if err := t.link.failed; err != nil {
		t.Rollback()
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	t.link.inTx = false
	return t.link.db.translate(t.Tx.Commit())
}

func (t *tx) Rollback() error {
	c := t.link
	failed := c.failed
	c.inTx, c.failed = false, nil
	err := t.Tx.Rollback()
	if err != nil {
		// Some errors have rolled back already. Whether this was one of them is not worth knowing.
		c.bad = true
		if failed != nil {
			return nil
		}
	}
	return c.db.translate(err)
}

type rows struct {
	driver.Rows
	link   *link
	closed bool
}

func (r *rows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err == io.EOF { // the end of the rows
		return err
	}
	return r.link.done(err)
}

func (r *rows) Close() error {
	if !r.closed {
		r.closed = true
		r.link.open--
	}
	return r.link.done(r.Rows.Close())
}
