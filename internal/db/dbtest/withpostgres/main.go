// Withpostgres starts a PostgreSQL for tests, runs a command with SOKBO_TEST_POSTGRES naming it, stops it, and
// ends with the command's exit status:
//
//	go run ./internal/db/dbtest/withpostgres -- go test ./...
//
// With -durable the server forces every commit to the disk, for tests that kill processes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"sokbo/internal/db/dbtest/postgres"
)

func main() {
	durable := flag.Bool("durable", false, "force every commit to the disk")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpostgres [-durable] [--] command [argument ...]")
		os.Exit(2)
	}
	status, err := run(*durable, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
		status = max(status, 1)
	}
	os.Exit(status)
}

func run(durable bool, command []string) (status int, err error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return 127, err
	}
	// A terminal sends Ctrl-C to the command too: it decides how to end, and the server ends after it.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	server, err := postgres.Start(context.Background(), durable)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()

	cmd := exec.Command(path, command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), postgres.Environment+"="+server.URL("postgres"))
	if err := cmd.Start(); err != nil {
		return 126, err
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM {
				cmd.Process.Signal(s)
			}
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() < 0 { // ended by a signal
			return 128 + int(exit.Sys().(syscall.WaitStatus).Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	return 0, err
}
