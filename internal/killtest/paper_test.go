//go:build kill

package killtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"sokbo/internal/db/dbtest/postgres"
)

const (
	stories   = 3
	savedPage = "../../testdata/page.txt"
	timeout   = 30 * time.Second // of anything that has to come
)

// build makes the program, as an operator would.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "sokbo")
	out, err := exec.Command("go", "build", "-o", program, "sokbo/cmd/sokbo").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// A database is one that the program works on, seen from outside.
type database interface {
	environment() string // the program's SOKBO_DATABASE
	// open gives a view on the data beside the running program.
	open(t *testing.T, dataFolder string) *sql.DB
	// pid is the database's own server, 0 if there is none. revive brings it back after it was killed.
	pid() int
	revive(t *testing.T)
	// settle waits until nothing of a killed program is still at work.
	settle(t *testing.T)
	// sound looks for damage that queries do not show.
	sound(t *testing.T, dataFolder string)
}

type sqliteFile struct{}

func newSQLite(t *testing.T) database { return sqliteFile{} }

func (sqliteFile) environment() string { return "" }
func (sqliteFile) pid() int            { return 0 }
func (sqliteFile) revive(t *testing.T) {}
func (sqliteFile) settle(t *testing.T) {}

func (sqliteFile) open(t *testing.T, dataFolder string) *sql.DB {
	return openSQL(t, "sqlite", "file:"+filepath.Join(dataFolder, "sokbo.db")+"?mode=ro&_pragma=busy_timeout(5000)")
}

func (f sqliteFile) sound(t *testing.T, dataFolder string) {
	view := f.open(t, dataFolder)
	defer view.Close()
	var found string
	err := view.QueryRowContext(t.Context(), `PRAGMA integrity_check(1)`).Scan(&found)
	if err != nil || found != "ok" {
		t.Errorf("the database is damaged: %s %v", found, err)
	}
}

type postgresServer struct{ *postgres.Server }

func newPostgres(t *testing.T) database {
	s, err := postgres.Start(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return postgresServer{s}
}

func (s postgresServer) environment() string { return s.URL("postgres") }

func (s postgresServer) open(t *testing.T, _ string) *sql.DB {
	return openSQL(t, "pgx", s.URL("postgres"))
}

func (s postgresServer) pid() int { return s.Pid() }

func (s postgresServer) revive(t *testing.T) {
	s.Kill()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatalf("PostgreSQL after its kill: %v", err)
	}
}

// sound has nothing to look for: PostgreSQL refuses to start on what it finds damaged.
func (s postgresServer) sound(t *testing.T, _ string) {}

// settle waits for the connections of the killed program: a commit that it had sent goes on without it.
func (s postgresServer) settle(t *testing.T) {
	view := s.open(t, "")
	defer view.Close()
	for deadline := time.Now().Add(timeout); ; {
		var others int
		err := view.QueryRowContext(t.Context(), `
			SELECT count(*) FROM pg_stat_activity
			WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
		if err != nil {
			t.Fatal(err)
		}
		if others == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections of a killed program are still there", others)
		}
	}
}

func openSQL(t *testing.T, driver, address string) *sql.DB {
	t.Helper()
	view, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	return view
}

// A paper is a newspaper whose program is killed and started again.
type paper struct {
	program, data, url string
	database           database
	client             *http.Client
	cmd                *exec.Cmd
	exited             chan struct{}
	log                string // file with what the program says

	victims atomic.Pointer[[]int] // are killed at the next answer
}

// newPaper makes a newspaper with a few stories. It is not running yet.
func newPaper(t *testing.T, program string, d database) *paper {
	t.Helper()
	dir := t.TempDir()
	p := &paper{program: program, data: filepath.Join(dir, "data"), log: filepath.Join(dir, "log"), url: "http://" + freeAddress(t), database: d}
	p.client = &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	page, err := os.ReadFile(savedPage)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"import", "page"}
	for n := range stories {
		file := filepath.Join(dir, fmt.Sprintf("page%d.txt", n))
		if err := os.WriteFile(file, fmt.Appendf(nil, "제%d보 %s", n+1, page), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	imports := exec.CommandContext(t.Context(), program, args...)
	imports.Env = p.environment()
	if out, err := imports.CombinedOutput(); err != nil {
		t.Fatalf("sokbo %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
	})
	return p
}

// freeAddress is one that nobody listens on. The program is started on it again and again, and between two starts
// somebody else could take it; then the test says so.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (p *paper) environment() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SOKBO_") {
			env = append(env, e)
		}
	}
	return append(env,
		"SOKBO_ADDR="+strings.TrimPrefix(p.url, "http://"), "SOKBO_URL="+p.url,
		"SOKBO_DATA="+p.data, "SOKBO_DATABASE="+p.database.environment(),
		"SOKBO_KEY="+strings.Repeat("the key of the kill tests ", 2),
		"SOKBO_REACTION_NEW_PER_HOUR=0")
}

// start starts the program and returns how long it took until it said that it is ready.
func (p *paper) start(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd, exited := exec.Command(p.program, "serve"), make(chan struct{})
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environment(), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // its end is what the kernel takes for the end of the parent
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
			close(exited)
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	p.cmd, p.exited = cmd, exited
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	for !p.ready(ctx) {
		select {
		case <-exited:
			t.Fatalf("the program ended at its start:\n%s", p.said())
		case <-ctx.Done():
			p.kill()
			t.Fatalf("the program is not ready after %v:\n%s", timeout, p.said())
		case <-time.After(2 * time.Millisecond):
		}
	}
	return time.Since(began)
}

// said is what the program has written since its start.
func (p *paper) said() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (p *paper) ready(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// kill takes the program away and returns when it is gone.
func (p *paper) kill() {
	p.cmd.Process.Kill()
	<-p.exited
	p.cmd = nil
	p.client.CloseIdleConnections()
}

// A moment is when and how the program is killed.
type moment struct {
	after    time.Duration // of work
	atAnswer bool          // then at the next answer that a client gets: others of the same commit are still to come
	database bool          // the database's server dies with it, if it has one
}

// killDuring kills the program at a moment of the work of s.
func (p *paper) killDuring(t *testing.T, s subject, m moment) {
	t.Helper()
	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() { s.work(p, stop) })
	for deadline := time.Now().Add(timeout); s.inFlight() < minInFlight; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there were never %d requests in flight:\n%s", minInFlight, p.said())
		}
	}

	victims := []int{p.cmd.Process.Pid}
	if m.database {
		victims = []int{p.database.pid(), p.cmd.Process.Pid}
	}
	if m.atAnswer {
		time.Sleep(m.after)
		p.victims.Store(&victims)
	} else {
		// The shell does it: the test's own goroutines get to run when its clients have nothing to do, which is
		// when the program is just beginning something, and the kill would always meet the same moment.
		killer := exec.Command("sh", "-c", fmt.Sprintf("sleep %.6f; kill -KILL %s", m.after.Seconds(), strings.Trim(fmt.Sprint(victims), "[]")))
		if out, err := killer.CombinedOutput(); err != nil {
			t.Fatalf("killing the program: %v\n%s\n%s", err, out, p.said())
		}
	}
	select {
	case <-p.exited:
	case <-time.After(timeout):
		t.Fatalf("the program gave no answer any more:\n%s", p.said())
	}
	close(stop)
	work.Wait()
	p.kill()
	if m.database {
		p.database.revive(t)
	}
	p.database.settle(t)
}

// answered is called by a subject when one of its clients has got an answer.
func (p *paper) answered() {
	if victims := p.victims.Swap(nil); victims != nil {
		for _, pid := range *victims {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
