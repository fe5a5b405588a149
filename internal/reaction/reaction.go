// Package reaction keeps what readers say to a story with one touch: one reaction per reader per story, which
// the reader can change and take back, and the counts of all of them.
//
// A reaction is acknowledged when it is durable and not before. That costs a sync of the disk, so what arrives
// together is committed together: whatever is queued when one commit returns goes into the next. Nothing waits
// for a batch to fill. The counts are changed in the transaction that changes the rows they count.
//
// A reader is a random token in a cookie. What is stored is a keyed hash of the token and the story, which finds
// the reader's own reaction again and tells nobody which stories one reader reacted to.
package reaction

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/fault"
)

// Kind is one of the four reactions. The zero Kind is none: it takes back what the reader said.
type Kind string

const (
	None  Kind = ""
	Like  Kind = "like"
	Angry Kind = "angry"
	Sad   Kind = "sad"
	More  Kind = "more" // the reader asks the desk to go on reporting
)

// Kinds holds the four in the order in which they are shown.
var Kinds = [...]Kind{Like, Angry, Sad, More}

// ParseKind reads a kind as forms and programs send it; "" is [None]. Anything else is a fault of kind Invalid.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case None, Like, Angry, Sad, More:
		return k, nil
	}
	return None, fault.New(fault.Invalid, "reaction-kind", "a reaction is like, angry, sad or more, or empty to take it back")
}

// Counts says how many readers hold each reaction to one story.
type Counts struct {
	Like  int64 `json:"like"`
	Angry int64 `json:"angry"`
	Sad   int64 `json:"sad"`
	More  int64 `json:"more"`
}

// Of returns the count of one kind, and 0 for None.
func (c Counts) Of(k Kind) int64 {
	switch k {
	case Like:
		return c.Like
	case Angry:
		return c.Angry
	case Sad:
		return c.Sad
	case More:
		return c.More
	}
	return 0
}

// with returns the counts with n for one kind. None is not counted.
func (c Counts) with(k Kind, n int64) Counts {
	switch k {
	case Like:
		c.Like = n
	case Angry:
		c.Angry = n
	case Sad:
		c.Sad = n
	case More:
		c.More = n
	}
	return c
}

// Reader is a browser's secret: whoever has it can change that browser's reactions. Only its hash is stored.
type Reader [16]byte

// NewReader returns a reader that nobody can guess, for a browser that has none yet.
func NewReader() Reader {
	var r Reader
	rand.Read(r[:])
	return r
}

// Token returns the reader as the cookie carries it: 22 characters that need no quoting.
func (r Reader) Token() string { return base64.RawURLEncoding.EncodeToString(r[:]) }

// ParseToken reads what Token made. A cookie that holds anything else is treated as no cookie: false.
func ParseToken(s string) (Reader, bool) {
	var r Reader
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != len(r) {
		return Reader{}, false
	}
	copy(r[:], b)
	if r == (Reader{}) || r.Token() != s { // base64 has several texts for the same bytes
		return Reader{}, false
	}
	return r, true
}

// String hides the secret, so that no log shows it.
func (r Reader) String() string { return "[reader]" }

// LogValue does the same for structured logs.
func (r Reader) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Limits of the queue in front of the database.
const (
	// MaxQueued is how many reactions may wait for a commit. At the slowest rate seen on a small machine that is
	// about two seconds; more is answered at once with a fault of kind Unavailable.
	MaxQueued = 4096
	// MaxBatch is how many reactions go into one commit.
	MaxBatch = 200
	// MaxCommit is how long one commit may take before its reactions are answered with a fault.
	MaxCommit = 10 * time.Second
)

// Options of [New]. DB and Key are needed.
type Options struct {
	DB *db.DB
	// Key is the secret in the hash of readers, at least 16 bytes, kept outside the database and used for nothing
	// else. Under another key old reactions still count but are no longer their readers' to change.
	Key []byte
	// NewPerHour4 and NewPerHour6 limit how many readers may appear at one story in an hour from one IPv4 address
	// and from one IPv6 /64. Behind one address of a carrier stand many honest phones. Who took back everything and
	// reacts again is new again. 0 is no limit.
	NewPerHour4, NewPerHour6 int
	// Windows is how many pairs of address and story the limit remembers, 0 for MaxWindows.
	Windows int
	Now     func() time.Time // nil for the database's clock
	Log     *slog.Logger     // nil for none
}

// Reactions reads and writes the reactions in one database.
type Reactions struct {
	db     *db.DB
	key    []byte
	limit4 int
	limit6 int
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	queue   []*request
	stopped bool
	watch   []func(db.ID, Counts)
	wake    chan struct{} // holds one token while the queue may have something

	seen windows // only the committer touches it
}

// New returns the reactions of a database. Nothing is committed until Run runs.
// It panics if the key is shorter than 16 bytes, since the hashes would then protect nobody.
func New(o Options) *Reactions {
	if len(o.Key) < 16 {
		panic("reaction: the key is shorter than 16 bytes")
	}
	if o.Now == nil {
		o.Now = o.DB.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Windows == 0 {
		o.Windows = MaxWindows
	}
	return &Reactions{
		db: o.DB, key: o.Key, limit4: o.NewPerHour4, limit6: o.NewPerHour6, now: o.Now, log: o.Log,
		wake: make(chan struct{}, 1), seen: newWindows(o.Windows),
	}
}

// Set makes kind the reader's reaction to a story, or takes it back if kind is None, and returns the story's
// counts, which hold this reaction and every other that was committed with it. When it returns without an
// error the reaction is on the disk.
//
// The caller vouches for the story: Set does not look whether it exists or may be seen.
//
// A reader new to the story can be refused with a fault of kind TooMany, code "reaction-limit". A full queue and
// a stopped committer are Unavailable, "reaction-busy" and "reaction-stopping"; a full disk is Full. After any
// other error, and if ctx ends first, nobody can say whether the reaction was taken; asking again is harmless.
func (x *Reactions) Set(ctx context.Context, story db.ID, reader Reader, addr netip.Addr, kind Kind) (Counts, error) {
	if story <= 0 || reader == (Reader{}) {
		return Counts{}, errors.New("reaction: Set needs a story and a reader")
	}
	kind, err := ParseKind(string(kind))
	if err != nil {
		return Counts{}, err
	}
	q := &request{
		row:  row{story, x.hash(story, reader)},
		from: source{network(addr), story},
		kind: kind,
		done: make(chan struct{}),
	}
	if err := x.enqueue(q); err != nil {
		return Counts{}, err
	}
	select {
	case <-q.done:
		return q.counts, q.err
	case <-ctx.Done():
		return Counts{}, ctx.Err()
	}
}

// Mine returns the reader's reaction to a story, None if there is none.
func (x *Reactions) Mine(ctx context.Context, story db.ID, reader Reader) (Kind, error) {
	h := x.hash(story, reader)
	var k Kind
	err := x.db.QueryRow(ctx, `SELECT kind FROM reaction WHERE story = $1 AND reader = $2`, story, h[:]).Scan(&k)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return None, fmt.Errorf("reaction: read a reader's own: %w", err)
	}
	return k, nil
}

// Counts returns the counts of a story, all zero for one that nobody reacted to.
func (x *Reactions) Counts(ctx context.Context, story db.ID) (Counts, error) {
	all, err := x.CountsOf(ctx, story)
	return all[story], err
}

// CountsOf returns the counts of several stories in one query. A story that nobody reacted to is not in the map.
func (x *Reactions) CountsOf(ctx context.Context, stories ...db.ID) (map[db.ID]Counts, error) {
	return sums(ctx, x.db, stories)
}

// Watch has f called with a story's counts after each commit that changed them, before the Set that caused it
// returns. Calls come one at a time, and f must not block: the next commit waits for it.
func (x *Reactions) Watch(f func(story db.ID, c Counts)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.watch = append(x.watch, f)
}

// Waiting returns how many reactions are queued and not yet in a commit.
func (x *Reactions) Waiting() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.queue)
}

// hash is what the table knows a reader by, at one story.
func (x *Reactions) hash(story db.ID, reader Reader) [16]byte {
	m := hmac.New(sha256.New, x.key)
	m.Write(reader[:])
	var s [8]byte
	binary.BigEndian.PutUint64(s[:], uint64(story))
	m.Write(s[:])
	return [16]byte(m.Sum(nil)[:16])
}
