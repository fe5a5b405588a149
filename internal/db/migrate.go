package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"sokbo/internal/db/migrations"
	"sokbo/internal/fault"
)

// lockPolls is how often, once a second, a starting node asks for the lock of another that is migrating.
const lockPolls = 600

// migrate brings the schema up to date. Nodes that start at once take turns; on SQLite the lock of the folder
// has seen to that.
func (d *DB) migrate(ctx context.Context, dialect goose.Dialect, pool *sql.DB) error {
	other := "*.postgres.sql"
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if d.dialect == PostgreSQL {
		other = "*.sqlite.sql"
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, lockPolls))
		if err != nil {
			return fmt.Errorf("db: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	names, err := fs.Glob(migrations.FS, other)
	if err != nil {
		return fmt.Errorf("db: %w", err)
	}
	p, err := goose.NewProvider(dialect, pool, migrations.FS, append(options, goose.WithExcludeNames(names))...)
	if err != nil {
		return fmt.Errorf("db: %w", err)
	}
	at, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("db: reading the version of the schema: %w", err)
	}
	if at > known {
		return fault.New(fault.Unavailable, "schema-newer",
			"the data was written by a newer Sokbo (schema %d, this program knows %d): run that one, or restore a backup made before", at, known)
	}
	if _, err := p.Up(ctx); err != nil {
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			err = fmt.Errorf("db: migration %s failed, nothing of it stays; set the cause right and start again: %w", filepath.Base(partial.Failed.Source.Path), partial.Err)
		}
		return err
	}
	return nil
}
