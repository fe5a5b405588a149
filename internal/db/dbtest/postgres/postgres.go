// Package postgres runs a PostgreSQL of its own for tests: in a new folder, over a Unix socket only, and gone
// when the process that started it is gone.
package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"golang.org/x/sys/unix"
)

// Environment is the variable that names a server for tests: the URL of any database on it, with a user who may
// create databases.
const Environment = "SOKBO_TEST_POSTGRES"

// ErrNotInstalled says how to install what is missing.
var ErrNotInstalled = errors.New("PostgreSQL is not installed: run\n\tapt-get install -y postgresql\n(its binaries are looked for in /usr/lib/postgresql/*/bin and in PATH; no server needs to run)")

const (
	account      = "postgres" // owns the server when root starts it, which PostgreSQL refuses to run as
	folderPrefix = "sokbo-postgres-"
	lockName     = "lock"
	startLimit   = 60 * time.Second
	stopLimit    = 20 * time.Second
)

// Server is a running PostgreSQL.
type Server struct {
	dir        string
	lock       *os.File // locked while the process that owns dir lives
	program    string
	args       []string
	attributes *syscall.SysProcAttr
	cmd        *exec.Cmd
	output     bytes.Buffer
	exited     chan struct{}
}

// Start makes a server and waits until it answers. Without durable, nothing is forced to the disk: fast, and
// fine unless the machine itself is to fail. It is stopped by [Server.Stop], and else by the kernel when this
// process ends, however it ends.
func Start(ctx context.Context, durable bool) (_ *Server, err error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	sweep()
	s := &Server{}
	if s.dir, err = os.MkdirTemp("", folderPrefix); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.remove()
		}
	}()
	// The lock appears under its name only when it is held, else a sweep could take the folder for a dead one's.
	if s.lock, err = os.CreateTemp(s.dir, "lock-"); err != nil {
		return nil, err
	}
	if err := unix.Flock(int(s.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, fmt.Errorf("locking %s: %w", s.lock.Name(), err)
	}
	if err := os.Rename(s.lock.Name(), filepath.Join(s.dir, lockName)); err != nil {
		return nil, err
	}
	if s.attributes, err = s.owner(); err != nil {
		return nil, err
	}

	data := filepath.Join(s.dir, "data")
	off := []string{"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"}
	if durable {
		off = nil
	}
	create := exec.CommandContext(ctx, initdb, "-D", data, "-U", "sokbo", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	create.Dir, create.SysProcAttr = s.dir, s.attributes
	if out, err := create.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	s.program = filepath.Join(filepath.Dir(initdb), "postgres")
	s.args = append(off, "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=300", "-c", "unix_socket_permissions=0777")
	if err := s.launch(ctx); err != nil {
		if s.cmd.Process != nil {
			s.end()
		}
		return nil, err
	}
	return s, nil
}

// launch starts the server on its folder and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	s.cmd, s.exited = exec.Command(s.program, s.args...), make(chan struct{})
	s.cmd.Dir, s.cmd.SysProcAttr, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.attributes, &s.output, &s.output
	s.cmd.WaitDelay = stopLimit // its children write to the same
	started := make(chan error)
	go func() {
		// The parent whose death the kernel watches is this thread, so it stays with the goroutine until the
		// server has ended.
		runtime.LockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.cmd.Wait()
			close(s.exited)
		}
	}()
	if err := <-started; err != nil {
		close(s.exited)
		return fmt.Errorf("postgres: %w", err)
	}
	return s.wait(ctx)
}

// Pid is the server's first process. When that is killed, the others end by themselves.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Kill ends the server with SIGKILL: nothing is finished, nothing is written out. [Server.Restart] starts it again.
func (s *Server) Kill() {
	s.cmd.Process.Kill()
	<-s.exited
}

// Restart starts a killed server on the same folder and waits until it has recovered and answers. Processes of the
// killed one may still hold its memory for a moment, in which PostgreSQL refuses to start.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		err := s.launch(ctx)
		if err == nil || !bytes.Contains(s.output.Bytes(), []byte("is still in use")) {
			return err
		}
		s.output.Reset()
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// owner makes a child run as PostgreSQL's user when this is root, and end with this process.
func (s *Server) owner() (*syscall.SysProcAttr, error) {
	// A group of its own keeps a terminal's Ctrl-C from ending the server before the tests.
	a := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Geteuid() != 0 {
		return a, nil
	}
	u, err := user.Lookup(account)
	if err != nil {
		return nil, fmt.Errorf("root cannot run PostgreSQL and there is no user %s to run it as: %w", account, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return a, os.Chown(s.dir, uid, gid)
}

func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	pool, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer pool.Close()
	for {
		err := pool.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("postgres ended at its start:\n%s", s.output.String())
		case <-ctx.Done():
			return fmt.Errorf("postgres did not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Dir is the server's folder: its data, and the socket that it listens on.
func (s *Server) Dir() string { return s.dir }

// URL is the address of a database on this server. "postgres" is always there.
func (s *Server) URL(database string) string {
	return "postgres:///" + url.PathEscape(database) + "?host=" + url.QueryEscape(s.dir) + "&user=sokbo"
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	err := s.end()
	s.remove()
	return err
}

func (s *Server) end() error {
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		s.cmd.Process.Signal(sig)
		select {
		case <-s.exited:
			return nil
		case <-time.After(stopLimit):
		}
	}
	return errors.New("postgres does not end")
}

func (s *Server) remove() {
	os.RemoveAll(s.dir)
	if s.lock != nil {
		s.lock.Close()
	}
}

// sweep removes the folders of processes that ended without [Server.Stop]. Their locks ended with them.
func sweep() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, dir := range old {
		f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0)
		if err != nil {
			continue // another user's, or one that is just being made
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.RemoveAll(dir)
		}
		f.Close()
	}
}

// find returns the path of a PostgreSQL program, of the newest version in Debian's place, else in PATH.
func find(program string) (string, error) {
	paths, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	if len(paths) > 0 {
		return slices.MaxFunc(paths, func(a, b string) int { return version(a) - version(b) }), nil
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", ErrNotInstalled
	}
	return filepath.EvalSymlinks(path)
}
