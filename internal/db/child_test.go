package db_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"sokbo/internal/db"
	"sokbo/internal/fault"
)

const childEnvironment = "SOKBO_DB_TEST_CHILD"

// children are what the test binary can be as a process of its own; see [child].
var children = map[string]func(ctx context.Context, o db.Options) error{
	"open":    childOpens,
	"write":   childWrites,
	"limited": childMeetsALimit,
}

// child is a command that runs one of the children on the database that o names.
func child(t testing.TB, name string, o db.Options) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, o.URL, o.Dir)
	cmd.Env = append(os.Environ(), childEnvironment+"="+name)
	cmd.Stderr = t.Output()
	return cmd
}

func runChild(name string) (status int) {
	o := db.Options{URL: os.Args[1], Dir: os.Args[2], Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	f := children[name]
	if f == nil {
		fmt.Fprintln(os.Stderr, "no such child:", name)
		return 2
	}
	if err := f(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// childOpens tells with which fault opening ends, or that it is open, and then stays until it is killed.
func childOpens(ctx context.Context, o db.Options) error {
	_, err := db.Open(ctx, o)
	if code := fault.CodeOf(err); code != "" {
		fmt.Println(code)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Println("open")
	select {}
}

// childWrites writes rows 1, 2, 3 … and says the number of each when it has been acknowledged.
func childWrites(ctx context.Context, o db.Options) error {
	d, err := db.Open(ctx, o)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		err := d.Write(ctx, func(tx *db.Tx) error {
			tx.Changed(fmt.Sprint("n:", n))
			_, err := tx.Exec(ctx, insert, n, n)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// limitReport is what childMeetsALimit saw.
type limitReport struct {
	Written int    // rows acknowledged before the disk failed
	First   string // the fault of the write that met the failing disk
	Broken  bool
	Second  string // the fault of the write after it, with the limit lifted
	Ready   string
	Read    int // rows that reading still finds
}

// childMeetsALimit writes until the file may not grow further, which SQLite sees as a disk that fails.
func childMeetsALimit(ctx context.Context, o db.Options) error {
	signal.Ignore(syscall.SIGXFSZ)
	d, err := db.Open(ctx, o)
	if err != nil {
		return err
	}
	wal, err := os.Stat(filepath.Join(o.Dir, "sokbo.db-wal"))
	if err != nil {
		return err
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		return err
	}
	limit := was
	limit.Cur = uint64(wal.Size()) + 64<<10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	var r limitReport
	add := func() error {
		return d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, insert, 1000+r.Written, 1)
			return err
		})
	}
	for r.First == "" {
		err := add()
		if err == nil {
			r.Written++
		} else if r.First = fault.CodeOf(err); r.First == "" {
			return err
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		return err
	}
	select {
	case <-d.Broken():
		r.Broken = true
	default:
	}
	r.Second, r.Ready = fault.CodeOf(add()), fault.CodeOf(d.Ready(ctx))
	if err := d.QueryRow(ctx, `SELECT count(*) FROM tally_sum WHERE story >= 1000`).Scan(&r.Read); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// lines starts cmd and gives what it prints, line by line, until its end.
func lines(t testing.TB, cmd *exec.Cmd) <-chan string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	all := make(chan string, 1<<16)
	go func() {
		defer close(all)
		for s := bufio.NewScanner(out); s.Scan(); {
			all <- s.Text()
		}
	}()
	return all
}
