package postgres_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sokbo/internal/db/dbtest/postgres"
)

const childEnvironment = "SOKBO_POSTGRES_TEST_CHILD"

// TestMain is, where a test says so, a process that starts a server, says where, and panics when it is told to.
func TestMain(m *testing.M) {
	if os.Getenv(childEnvironment) == "" {
		os.Exit(m.Run())
	}
	s, err := postgres.Start(context.Background(), false)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.Dir())
	bufio.NewReader(os.Stdin).ReadString('\n')
	panic("told to")
}

// answers says whether a server listens in dir.
func answers(dir string) bool {
	c, err := net.Dial("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err == nil {
		c.Close()
	}
	return err == nil
}

func waitForEnd(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for answers(dir) {
		select {
		case <-ctx.Done():
			t.Fatal("the server still runs")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestServerAnswersAndStops(t *testing.T) {
	s, err := postgres.Start(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var fsync, addresses string
	err = pool.QueryRow(`SELECT current_setting('fsync'), current_setting('listen_addresses')`).Scan(&fsync, &addresses)
	if err != nil || fsync != "off" || addresses != "" {
		t.Errorf("fsync = %q, listen_addresses = %q, %v; want off and none", fsync, addresses, err)
	}
	if !answers(s.Dir()) {
		t.Error("it does not listen in its folder")
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its folder is still there: %v", err)
	}
}

// However its process ends, the server ends with it, and the next one to start clears its folder away.
func TestServerEndsWithItsProcess(t *testing.T) {
	var dirs []string
	for _, end := range []func(cmd *exec.Cmd, in *os.File){
		func(cmd *exec.Cmd, in *os.File) { cmd.Process.Kill() },
		func(cmd *exec.Cmd, in *os.File) { in.WriteString("panic\n") },
	} {
		dir, cmd, in := startChild(t)
		dirs = append(dirs, dir)
		if !answers(dir) {
			t.Error("the child's server does not answer")
		}
		end(cmd, in)
		cmd.Wait()
		waitForEnd(t, dir)
	}

	s, err := postgres.Start(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	for _, dir := range dirs {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder of one that ended is still there: %v", err)
		}
	}
	pool, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var got string
	err = pool.QueryRow(`SELECT concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))`).Scan(&got)
	if err != nil || got != "on on on" {
		t.Errorf("fsync, synchronous_commit and full_page_writes of a durable server are %q, %v", got, err)
	}
}

// startChild starts the process that [TestMain] tells of, and waits until its server answers.
func startChild(t *testing.T) (dir string, cmd *exec.Cmd, in *os.File) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	cmd = exec.Command(self)
	cmd.Env = append(os.Environ(), childEnvironment+"=1")
	cmd.Stdin = theirs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	t.Cleanup(func() { cmd.Process.Kill() })
	dir, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(dir), cmd, ours
}

func TestKilledServerStartsAgain(t *testing.T) {
	s, err := postgres.Start(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	open := func() *sql.DB {
		pool, err := sql.Open("pgx", s.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		return pool
	}
	before := open()
	defer before.Close()
	if _, err := before.ExecContext(t.Context(), `CREATE TABLE kept (n BIGINT); INSERT INTO kept VALUES (7)`); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if answers(s.Dir()) {
		t.Error("a killed server answers")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := open()
	defer after.Close()
	var n int
	if err := after.QueryRowContext(t.Context(), `SELECT n FROM kept`).Scan(&n); n != 7 || err != nil {
		t.Errorf("what was committed before the kill reads %d, %v", n, err)
	}
}
