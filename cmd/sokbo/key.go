package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sokbo/internal/fault"
)

// minKey is how many characters the operator's secret has at least.
const minKey = 32

// secret is the operator's key. It never stands in the database.
type secret []byte

// readKey returns the configured key, else that of the data folder, which it makes when there is none.
func readKey(c Config) (secret, error) {
	if c.Key != "" {
		return secret(c.Key), nil
	}
	name := filepath.Join(c.Data, "key")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(name)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "key-file", "the key cannot be read; give this user read access to %s", name)
	}
	k := strings.TrimSpace(string(b))
	if len(k) < minKey {
		return nil, fault.New(fault.Invalid, "key-file", "%s holds no key of %d characters; put the key back from its copy, or remove the file to begin with a new one (readers lose hold of their old reactions)", name, minKey)
	}
	return secret(k), nil
}

// makeKey writes a new key so that a crash leaves either none or a whole one.
func makeKey(name string) (secret, error) {
	k := rand.Text() + rand.Text()
	err := func() error {
		f, err := os.CreateTemp(filepath.Dir(name), "key-")
		if err != nil {
			return err
		}
		defer os.Remove(f.Name())
		if _, err := f.WriteString(k + "\n"); err != nil {
			f.Close()
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
		if err := os.Rename(f.Name(), name); err != nil {
			return err
		}
		dir, err := os.Open(filepath.Dir(name))
		if err != nil {
			return err
		}
		return errors.Join(dir.Sync(), dir.Close())
	}()
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "key-file", "the key cannot be written to %s", name)
	}
	return secret(k), nil
}

// For derives the key of one use, so that no two uses share one.
func (s secret) For(use string) []byte {
	h := hmac.New(sha256.New, s)
	h.Write([]byte("sokbo-key-1\n" + use))
	return h.Sum(nil)
}
