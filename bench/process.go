package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// child is a process that ends with this one.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startRole starts this program again as another of its roles.
func (b *bench) startRole(ctx context.Context, role string, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"-role", role, "--"}, args...)...)
	cmd.Dir = b.dir
	return start(cmd)
}

func start(cmd *exec.Cmd) (*child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &child{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

// ask sends a line and reads the next that comes into these variables.
func (c *child) ask(what string, into ...any) error {
	if _, err := fmt.Fprintln(c.in, what); err != nil {
		return err
	}
	return c.read(into...)
}

// read reads a line into these variables.
func (c *child) read(into ...any) error {
	line, err := c.out.ReadString('\n')
	if err != nil {
		return fmt.Errorf("%s ended early: %w", strings.Join(c.cmd.Args, " "), err)
	}
	if _, err := fmt.Sscanln(line, into...); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	return nil
}

func (c *child) kill() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}

// build compiles the program once for a run.
func (b *bench) build(ctx context.Context) error {
	if _, err := os.Stat(b.sokbo); err == nil {
		return nil
	}
	out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.sokbo, "sokbo/cmd/sokbo").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build sokbo/cmd/sokbo: %w\n%s", err, out)
	}
	return nil
}

// newspaper is a running Sokbo with one imported page.
type newspaper struct {
	*child
	addr string
}

// serve makes a new data folder with the sample page and serves it. Settings are such as "SOKBO_FEEDS=simulated".
func (b *bench) serve(ctx context.Context, settings ...string) (*newspaper, error) {
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp(b.dir, "data-")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	settings = append(settings, "SOKBO_DATA="+data, "SOKBO_ADDR="+addr)
	if err := b.importPages(ctx, []string{samplePage}, settings); err != nil {
		return nil, err
	}
	said, err := os.Create(filepath.Join(data, "serve.log"))
	if err != nil {
		return nil, err
	}
	defer said.Close()
	cmd := exec.CommandContext(ctx, b.sokbo, "serve")
	cmd.Env, cmd.Stderr = environment(settings), said
	c, err := start(cmd)
	if err != nil {
		return nil, err
	}
	b.ran = append(b.ran, strings.Join(settings, " ")+" sokbo serve")
	s := &newspaper{c, addr}
	if err := s.ready(ctx); err != nil {
		s.kill()
		out, _ := os.ReadFile(said.Name())
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return s, nil
}

// importPages publishes saved pages.
func (b *bench) importPages(ctx context.Context, files, settings []string) error {
	cmd := exec.CommandContext(ctx, b.sokbo, "import", "page", "-rail", "-")
	cmd.Env = environment(settings)
	cmd.Stdin = strings.NewReader(strings.Join(files, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sokbo import page: %w\n%s", err, out)
	}
	return nil
}

// environment is this process's, with these settings of Sokbo and no others.
func environment(settings []string) []string {
	env := slices.Clone(settings)
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SOKBO_") {
			env = append(env, e)
		}
	}
	return env
}

// ready waits until the site answers.
func (s *newspaper) ready(ctx context.Context) error {
	for deadline := time.Now().Add(20 * time.Second); ; {
		answer, err := request(s.addr, "GET", "/readyz", nil)
		if err == nil && answer.status == 200 {
			return nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return fmt.Errorf("sokbo serve is not ready: status %d, %v", answer.status, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// cpu returns the processor's time that another process has used, in user and kernel mode, to 10 ms.
func (c *child) cpu() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:])) // the name may hold spaces
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is %q", c.cmd.Process.Pid, b)
	}
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100, nil
}

// ownCPU is [child.cpu] for this process, exact.
func ownCPU() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// residentBytes returns how much memory this process has.
func residentBytes() (int64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var all, resident int64
	_, err = fmt.Sscan(string(b), &all, &resident)
	return resident * int64(os.Getpagesize()), err
}

// busyNow returns which part of the machine's processors is used, looking for a second.
func busyNow() (float64, error) {
	idle, all, err := processorTicks()
	if err != nil {
		return 0, err
	}
	time.Sleep(time.Second)
	idle2, all2, err := processorTicks()
	if err != nil {
		return 0, err
	}
	return 1 - float64(idle2-idle)/float64(max(1, all2-all)), nil
}

// processorTicks returns the idle and the whole time of all processors since the machine started.
func processorTicks() (idle, all int64, err error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	for i, f := range strings.Fields(line)[1:] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		if all += n; i == 3 || i == 4 { // idle, and waiting for a disk
			idle += n
		}
	}
	return idle, all, nil
}

// dataSync forces what was written to the disk.
func dataSync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
