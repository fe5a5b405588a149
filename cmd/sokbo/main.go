// Command sokbo runs a newspaper: its pages, its prices and the commands that an operator needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"sokbo/internal/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Environ(), streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}

// streams are the three files of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// command is one of the program's verbs. Its flags stand in set beside those that all commands share.
type command struct {
	name, args, does string
	run              func(ctx context.Context, c call) error
	flags            func(set *flag.FlagSet, c *call)
}

// call is one use of a command.
type call struct {
	streams
	config   Config
	args     []string
	rail     bool
	captured string
}

var commands = []command{
	{name: "serve", does: "run the server", run: serve},
	{name: "import page", args: "[-rail] [-captured TIME] FILE…", does: "publish saved pages of another system; - reads their names from standard input", run: importPages,
		flags: func(set *flag.FlagSet, c *call) {
			set.BoolVar(&c.rail, "rail", false, "also take the page's main news, board and rising list as the first front of an empty one")
			set.StringVar(&c.captured, "captured", "", "when the page was saved, such as 2024-07-16T16:00 (for -rail)")
		}},
	{name: "config", does: "print the configuration in force, with its documentation", run: printConfig},
	{name: "version", does: "print the version of this program", run: printVersion},
}

// usageError is a wrong call of the program; it ends with status 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// run is the whole program: main calls it, and so do tests. It returns the exit status.
func run(ctx context.Context, args, environ []string, s streams) int {
	err := dispatch(ctx, args, environ, s)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(s.err, "sokbo: "+usage.text)
		return 2
	case errors.Is(err, flag.ErrHelp):
		return 0
	}
	fmt.Fprintln(s.err, "sokbo: "+oneLine(err))
	return 1
}

// oneLine is what an operator reads: one line that says what to do.
func oneLine(err error) string {
	text := err.Error()
	if f := fault.Of(err); f != nil {
		text = f.Error()
	}
	return strings.Join(strings.Fields(text), " ")
}

func dispatch(ctx context.Context, args, environ []string, s streams) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		usage(s.out)
		return nil
	}
	name, rest := args[0], args[1:]
	if name == "import" {
		if len(rest) == 0 {
			return usageError{"say what to import: sokbo import page FILE…"}
		}
		name, rest = name+" "+rest[0], rest[1:]
	}
	for _, cmd := range commands {
		if cmd.name != name {
			continue
		}
		c := call{streams: s}
		given := map[string]string{}
		set := flag.NewFlagSet(name, flag.ContinueOnError)
		set.SetOutput(io.Discard)
		file := set.String("config", "", "a file of KEY=VALUE lines")
		for _, f := range []struct{ flag, key, does string }{
			{"data", "SOKBO_DATA", "the data folder"},
			{"addr", "SOKBO_ADDR", "where to listen, HOST:PORT"},
		} {
			set.Func(f.flag, f.does, func(v string) error { given[f.key] = v; return nil })
		}
		if cmd.flags != nil {
			cmd.flags(set, &c)
		}
		var err error
		if c.args, err = parseAnywhere(set, rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				fmt.Fprintf(s.out, "sokbo %s %s\n%s\n\n", cmd.name, cmd.args, cmd.does)
				set.SetOutput(s.out)
				set.PrintDefaults()
				return err
			}
			return usageError{err.Error() + "; see sokbo help"}
		}
		if cmd.args == "" && len(c.args) > 0 {
			return usageError{fmt.Sprintf("sokbo %s takes no %q; see sokbo help", name, c.args[0])}
		}
		if c.config, err = readConfig(*file, environ, given); err != nil {
			return err
		}
		return cmd.run(ctx, c)
	}
	return usageError{fmt.Sprintf("there is no command %q; see sokbo help", name)}
}

// parseAnywhere parses flags that may stand before, between and after the arguments, up to "--".
func parseAnywhere(set *flag.FlagSet, args []string) ([]string, error) {
	var plain []string
	for {
		if err := set.Parse(args); err != nil {
			return nil, err
		}
		rest := set.Args()
		if len(rest) == 0 {
			return plain, nil
		}
		if end := len(args) - len(rest); end > 0 && args[end-1] == "--" {
			return append(plain, rest...), nil
		}
		plain, args = append(plain, rest[0]), rest[1:]
	}
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Sokbo runs a newspaper with live markets.\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  sokbo %-44s %s\n", strings.TrimSpace(c.name+" "+c.args), c.does)
	}
	fmt.Fprint(w, "\nAll take -config FILE, -data DIR and -addr HOST:PORT; sokbo config explains every setting.\n")
}

func printVersion(_ context.Context, c call) error {
	_, err := fmt.Fprintln(c.out, "sokbo "+version())
	return err
}

// version is what the build says about itself: a module version, else the commit, else "development".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "development"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value
		}
	}
	if v == "" || v == "(devel)" {
		v = "development"
	}
	return v + " " + info.GoVersion
}
