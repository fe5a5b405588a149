//go:build browser

package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// startLimit is how long the program may take until it is ready.
const startLimit = 30 * time.Second

// Build compiles the program from the checkout that holds the working directory
// and returns its file in dir.
func Build(dir string) (file string, err error) {
	file = filepath.Join(dir, "sokbo")
	out, err := exec.Command("go", "build", "-o", file, "sokbo/cmd/sokbo").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return file, nil
}

// Import publishes a saved page with its rail in the data folder.
func Import(file, data, page string) error {
	command := exec.Command(file, "import", "page", "-rail", "-data", data, page)
	command.Env = environment()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("import %s: %w\n%s", page, err, out)
	}
	return nil
}

// A Server is the running program.
type Server struct {
	URL string // http://localhost:PORT

	process *exec.Cmd
	exited  chan struct{}
	said    *strings.Builder
}

// Serve starts the program over a data folder, with further settings such as
// "SOKBO_FEEDS=simulated", and waits until it is ready.
func Serve(file, data string, settings ...string) (*Server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "http://" + address, exited: make(chan struct{}), said: new(strings.Builder)}
	s.process = exec.Command(file, "serve", "-data", data, "-addr", address)
	s.process.Env = append(environment(), settings...)
	s.process.Stdout, s.process.Stderr = s.said, s.said
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.process.Wait()
		close(s.exited)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	if err := s.ready(ctx); err != nil {
		s.process.Process.Kill()
		<-s.exited
		return nil, fmt.Errorf("the program was not ready: %w\n%s", err, s.said)
	}
	return s, nil
}

func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if r, err := http.Get(s.URL + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Stop ends the program as an operator does and waits for its end. It is an
// error if the program had ended before.
func (s *Server) Stop() error {
	select {
	case <-s.exited:
		return fmt.Errorf("the program ended by itself (%v)\n%s", s.process.ProcessState, s.said)
	default:
	}
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(startLimit):
		s.process.Process.Kill()
		<-s.exited
		return fmt.Errorf("the program did not end within %v of SIGTERM\n%s", startLimit, s.said)
	}
}

var articleLink = regexp.MustCompile(`/articles/\d{10}\b`)

// Article is the path of the first story on the front.
func (s *Server) Article() (string, error) {
	r, err := http.Get(s.URL + "/")
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	path := articleLink.FindString(string(page))
	if path == "" {
		return "", fmt.Errorf("the front of %s leads to no article", s.URL)
	}
	return path, nil
}

// environment is this process's own without settings of the program.
func environment() []string {
	var kept []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SOKBO_") {
			kept = append(kept, e)
		}
	}
	return kept
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port, err
}
