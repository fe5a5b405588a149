package db

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"sokbo/internal/fault"
)

// held keeps the lock files of this process reachable: the flock of an *os.File that only a local variable
// holds ends when the garbage collector closes it.
var held sync.Map // of *os.File

// lockFolder takes the lock of the data folder for the life of the process or until unlock.
// One process at a time writes an SQLite file; SQLite's own locks do not guard against everything that can
// happen to its -shm file, so this one does.
func lockFolder(dir string) (unlock func(), err error) {
	path := filepath.Join(dir, "sokbo.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("db: the lock file cannot be opened, make the data folder writable for this user: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		who, _ := io.ReadAll(io.LimitReader(f, 20))
		f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("db: the data folder %s cannot be locked, put it on a local disk: %w", dir, err)
		}
		process := "another Sokbo"
		if pid, err := strconv.Atoi(strings.TrimSpace(string(who))); err == nil {
			process = fmt.Sprintf("another Sokbo (process %d)", pid)
		}
		return nil, fault.New(fault.Unavailable, "data-in-use",
			"the data folder %s is in use by %s: stop that one first, or name another folder", dir, process)
	}
	held.Store(f, true)
	// The number only makes the message above clearer, so failing to write it is no reason to stop.
	if f.Truncate(0) == nil {
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return func() {
		held.Delete(f)
		f.Close()
	}, nil
}
