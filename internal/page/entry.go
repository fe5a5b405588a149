package page

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"sokbo/internal/accept"
)

// entryOverhead is what an entry is counted as beside its body, names and headers.
const entryOverhead = 1024

// An entry is a page as it is sent, in one content coding. Only its atomics, and its place on the shelf
// under the cache's lock, ever change.
type entry struct {
	key     key
	status  int
	etag    string  // of the bytes sent; empty unless status is 200
	header  []field // with the body
	without []field // with 304
	body    []byte
	tags    []string
	size    int64
	begun   int64 // milliseconds: when its rendering began

	again   atomic.Int64 // milliseconds: when the next rendering may begin behind it
	alive   bool
	render  Render // of an alive page
	request *http.Request

	read         atomic.Bool
	newer, older *entry
}

// A field is a header with its values, which are shared by all answers and never changed.
type field struct {
	name   string
	values []string
}

// set by the cache, or never right on a page that all share.
var reserved = []string{"Cache-Control", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Etag", "Set-Cookie", "Transfer-Encoding", "Vary"}

// newEntry encodes p as k asks.
func (c *Cache) newEntry(k key, p Page, begun int64) (*entry, error) {
	if p.Status == 0 {
		p.Status = http.StatusOK
	}
	e := &entry{key: k, status: p.Status, tags: p.Tags, begun: begun, alive: p.Alive}
	e.again.Store(never)
	for name, values := range p.Header {
		if name = textproto.CanonicalMIMEHeaderKey(name); slices.Contains(reserved, name) {
			return nil, fmt.Errorf("page: the rendering of %s sets %s, which is not a page's to set", k.path, name)
		}
		e.header = append(e.header, field{name, slices.Clip(slices.Clone(values))})
	}
	var err error
	if e.body, err = c.encode(k.encoding, p.Body); err != nil {
		return nil, fmt.Errorf("page: compressing %s: %w", k.path, err)
	}
	caching := c.cacheControl
	if e.status >= 400 {
		caching = []string{"no-store"}
	}
	e.header = append(e.header, field{"Cache-Control", caching}, field{"Vary", varyEncoding})
	if e.status == http.StatusOK {
		sum := sha256.Sum256(e.body)
		e.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
		e.header = append(e.header, field{"Etag", []string{e.etag}})
	}
	e.without = slices.Clip(e.header)
	e.header = append(e.without, field{"Content-Type", []string{p.Type}}, field{"Content-Length", []string{strconv.Itoa(len(e.body))}})
	if coding := codings[k.encoding]; coding != nil {
		e.header = append(e.header, field{"Content-Encoding", coding})
	}
	e.size = e.counted()
	return e, nil
}

func (e *entry) counted() int64 {
	n := entryOverhead + len(e.body) + len(e.key.host) + len(e.key.path) + len(e.key.query)
	for _, tag := range e.tags {
		n += 64 + len(tag)
	}
	for _, f := range e.header {
		n += len(f.name)
		for _, v := range f.values {
			n += len(v)
		}
	}
	return int64(n)
}

// tooOld reports whether e is an alive page past its age, or from after now: then the clock was set back
// and its age is not known.
func (e *entry) tooOld(now int64) bool {
	return e.alive && (now < e.begun || now-e.begun > AliveMax.Milliseconds())
}

// answer writes e, or that the reader has it.
func (e *entry) answer(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if accept.Has(r.Header["If-None-Match"], e.etag) {
		for _, f := range e.without {
			h[f.name] = f.values
		}
		w.WriteHeader(http.StatusNotModified)
		return
	}
	for _, f := range e.header {
		h[f.name] = f.values
	}
	w.WriteHeader(e.status)
	if r.Method != http.MethodHead {
		w.Write(e.body) // an error is a reader who left
	}
}

func cacheControl(shared time.Duration) string {
	if shared < time.Second {
		return "public, max-age=0, must-revalidate"
	}
	return fmt.Sprintf("public, max-age=0, s-maxage=%d, must-revalidate", int(shared.Seconds()))
}
