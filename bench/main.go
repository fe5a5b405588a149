// Command bench measures what Sokbo promises about speed, over real sockets and on this machine's disk:
//
//	go run ./bench
//
// Each part stands beside what the machine can do without Sokbo, measured in the same minute. Server, clients and
// this program are processes of their own, so that the processor's time is the server's alone; all talk over
// loopback, and all end with this program. The parts, chosen with -only:
//
//	page       an article from the cache beside a bare net/http handler with the same answer
//	front      the front page rendered anew
//	reactions  reactions acknowledged on SQLite and PostgreSQL beside a bare group-commit log
//	live       one frame to 1,000 and to 10,000 readers
//
// Data is written to the temporary folder (TMPDIR), which must be on a disk. Figures are medians or sums over several rounds and differ by some percent from run to run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// limit ends a run that hangs. A whole one takes about a minute.
const limit = 10 * time.Minute

const tmpfs = 0x01021994 // statfs(2)

// A part measures something and adds its rows to the table.
type part struct {
	name string
	run  func(ctx context.Context, b *bench) error
}

var parts = []part{
	{"page", benchPage},
	{"front", benchFront},
	{"reactions", benchReactions},
	{"live", benchLive},
}

// roles are what this program is when it starts itself again. Each speaks lines on standard input and output.
var roles = map[string]func(args []string) error{
	"load":         load,
	"bare":         bare,
	"log":          bareLog,
	"live-server":  liveServer,
	"live-clients": liveClients,
}

func main() {
	role := flag.String("role", "", "what this program is to its parent; not for people")
	only := flag.String("only", "", "the parts to run, separated by commas; all if empty")
	flag.Parse()
	var err error
	if *role != "" {
		err = roles[*role](flag.Args())
	} else {
		err = run(*only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, strings.TrimSpace("bench "+*role)+":", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	dir   string // removed at the end
	sokbo string // the program, built for this run
	rows  []row
	ran   []string // the commands of the servers that were measured
}

// row is one line of the table.
type row struct{ what, figure, beside, ratio, goal string }

func (b *bench) add(r row) {
	b.rows = append(b.rows, r)
	fmt.Fprintf(os.Stderr, "  %s: %s\n", r.what, r.figure)
}

func run(only string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()

	b := &bench{}
	if b.dir, err = os.MkdirTemp("", "sokbo-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	var disk syscall.Statfs_t
	if err := syscall.Statfs(b.dir, &disk); err != nil {
		return err
	}
	if disk.Type == tmpfs {
		return fmt.Errorf("%s is in memory, where a sync costs nothing; set TMPDIR to a folder on a disk", os.TempDir())
	}
	b.sokbo = filepath.Join(b.dir, "sokbo")
	chosen := parts
	if only != "" {
		names := strings.Split(only, ",")
		chosen = slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !slices.Contains(names, p.name) })
		if len(chosen) != len(names) {
			return fmt.Errorf("-only %s names a part that is not there", only)
		}
	}
	busy, err := busyNow()
	if err != nil {
		return err
	}
	fmt.Printf("Before the run this machine was %.0f %% busy. What else it does, it does to these figures too.\n\n", 100*busy)
	for _, p := range chosen {
		fmt.Fprintf(os.Stderr, "%s …\n", p.name)
		if err := p.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return b.print(os.Stdout)
}

func (b *bench) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "measured\tSokbo\tbeside it\tratio\tgoal")
	for _, r := range b.rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.what, r.figure, r.beside, r.ratio, r.goal)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(b.ran) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nThe servers' command lines:")
	for _, line := range b.ran {
		fmt.Fprintln(w, " ", line)
	}
	return nil
}

// against says how a value stands to its goal.
func against(goal string, met bool) string {
	if met {
		return goal + ", met"
	}
	return goal + ", MISSED"
}
