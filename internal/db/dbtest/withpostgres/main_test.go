package main_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunsACommandBesideAServer(t *testing.T) {
	program := filepath.Join(t.TempDir(), "withpostgres")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	tests := []struct {
		args   []string
		status int
		out    string
	}{
		{[]string{"--", "sh", "-c", "echo $SOKBO_TEST_POSTGRES; exit 7"}, 7, "postgres:///postgres?"},
		{[]string{"-durable", "sh", "-c", "kill -9 $$"}, 128 + 9, ""},
		{[]string{"/no/such/command"}, 127, "/no/such/command"},
		{nil, 2, "usage"},
	}
	for _, test := range tests {
		cmd := exec.Command(program, test.args...)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if got := cmd.ProcessState.ExitCode(); got != test.status {
			t.Errorf("%q ended with %d; want %d\n%s", test.args, got, test.status, out)
		}
		if !strings.Contains(string(out), test.out) {
			t.Errorf("%q printed %q; want %q in it", test.args, out, test.out)
		}
	}
}
