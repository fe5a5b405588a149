// Package migrations holds the schema, as files NNNNN_name.sql in the order of their numbers.
//
// One text serves both databases. Where they must differ, two files share a number: NNNNN_name.sqlite.sql and
// NNNNN_name.postgres.sql. A file that has been released is never changed, only followed by another.
package migrations

import "embed"

//go:embed *.sql
var FS embed.FS
