package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const childEnvironment = "SOKBO_WITHPOSTGRES_TEST_CHILD"

// TestMain is the program itself where the test starts it as one, which only a test of package main can be.
func TestMain(m *testing.M) {
	if os.Getenv(childEnvironment) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestRunsACommandBesideAServer(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
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
		cmd.Env = append(os.Environ(), childEnvironment+"=1")
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
