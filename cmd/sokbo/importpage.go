package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sokbo/internal/fault"
	"sokbo/internal/ingest"
	"sokbo/internal/story"
)

// importPages publishes saved pages. Each file is a transaction of its own: one that cannot be taken is told and
// leaves the others be.
func importPages(ctx context.Context, c call) error {
	if len(c.args) == 0 {
		return usageError{"say which files: sokbo import page FILE…, or - for a list of names on standard input"}
	}
	captured, err := parseCaptured(c.captured, c.config.Zone)
	if err != nil {
		return err
	}
	files, err := pageFiles(c.args, c.in)
	if err != nil {
		return err
	}
	d, err := openDatabase(ctx, c.config, slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer d.Close()
	stories := story.New(d)
	failed := 0
	for i, file := range files {
		if err := ctx.Err(); err != nil {
			return fault.Wrap(err, fault.Unavailable, "stopped", "stopped after %d of %d pages; run it again, what is there is not taken twice", i, len(files))
		}
		if len(files) > 1 {
			fmt.Fprintf(c.out, "%d/%d ", i+1, len(files))
		}
		page, report, err := readPage(file, c.config.Zone)
		var r ingest.Result
		if err == nil {
			r, err = ingest.Take(ctx, d, stories, page, ingest.Options{Rail: c.rail, Captured: captured})
		}
		if err != nil {
			failed++
			fmt.Fprintf(c.err, "sokbo: %s: %s\n", file, oneLine(err))
			continue
		}
		fmt.Fprintf(c.out, "%s: %s\n", file, told(r))
		if r.Outcome == story.Taken || r.Outcome == story.Changed {
			for line := range strings.Lines(report.String()) {
				fmt.Fprint(c.out, "  "+line)
			}
			if page.Published.IsZero() && page.Modified.IsZero() {
				fmt.Fprintln(c.out, "  the page tells no time: that of this import stands for it")
			}
		}
	}
	if err := d.Close(); err != nil {
		return err
	}
	if failed > 0 {
		return fault.New(fault.Invalid, "import", "%d of %d pages were not taken; see above", failed, len(files))
	}
	return nil
}

// told says in a line what became of a page.
func told(r ingest.Result) string {
	text := "/articles/" + r.Number
	switch r.Outcome {
	case story.Taken:
		text += " published"
	case story.Changed:
		text += " has a new version"
	case story.Unchanged:
		text += " is there already, unchanged"
	case story.Older:
		text += " is there in a newer version; this one was not taken"
	case story.Refused:
		text += " was withdrawn; not taken"
	}
	switch {
	case r.Rail:
		text += "; its main news and boards are the front"
	case r.Kept:
		text += "; its lists were not taken: the front is not empty"
	}
	return text
}

func readPage(file string, zone *time.Location) (ingest.Page, ingest.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return ingest.Page{}, ingest.Report{}, unreadable(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, ingest.MaxPage+1))
	if err != nil {
		return ingest.Page{}, ingest.Report{}, unreadable(err)
	}
	return ingest.ParsePage(b, zone)
}

// unreadable says why a file cannot be read, without repeating its name.
func unreadable(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fault.Wrap(err, fault.Invalid, "file", "cannot be read; correct its name or its access rights")
}

// pageFiles names the files to take: those given, those in given folders, and those that standard input lists
// for "-".
func pageFiles(args []string, in io.Reader) ([]string, error) {
	var files []string
	add := func(name string) error {
		info, err := os.Stat(name)
		if err != nil || !info.IsDir() {
			files = append(files, name) // a file that is not there is told when its turn comes
			return nil
		}
		found, err := os.ReadDir(name)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "folder", "the folder %s cannot be read; correct its access rights", name)
		}
		before := len(files)
		for _, e := range found {
			if e.Type().IsRegular() && slices.Contains(pageSuffixes, strings.ToLower(filepath.Ext(e.Name()))) {
				files = append(files, filepath.Join(name, e.Name()))
			}
		}
		if len(files) == before {
			return fault.New(fault.Invalid, "folder", "the folder %s holds no saved page (%s)", name, strings.Join(pageSuffixes, ", "))
		}
		return nil
	}
	for _, name := range args {
		if name != "-" {
			if err := add(name); err != nil {
				return nil, err
			}
			continue
		}
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			if name := strings.TrimSpace(lines.Text()); name != "" {
				if err := add(name); err != nil {
					return nil, err
				}
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "list", "the list of files cannot be read from standard input")
		}
	}
	return files, nil
}

// pageSuffixes are those of the files in a folder that count as saved pages.
var pageSuffixes = []string{".txt", ".text", ".html", ".htm"}

// parseCaptured reads the time of -captured, in the site's zone where it names none.
func parseCaptured(s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usageError{fmt.Sprintf("-captured %s is not a time such as 2024-07-16T16:00", s)}
}
