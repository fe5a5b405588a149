package db

import (
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"sokbo/internal/fault"
)

// ID names a row: 42 bits of milliseconds since 2020, then 21 random bits. It is always positive, fits BIGINT,
// and sorts by the time it was made. In JSON and in URLs it is a string of decimal digits, because a browser's
// numbers hold only 53 bits.
type ID int64

const (
	idRandomBits = 21
	idMillisBits = 42
)

// idEpoch is 2020-01-01T00:00:00Z in milliseconds since 1970.
var idEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// ParseID reads what [ID.String] wrote and nothing else: no sign, no leading zero, no blank. Its error is a
// fault of kind Invalid, code "bad-id".
func ParseID(s string) (ID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fault.New(fault.Invalid, "bad-id", "an id is a number of up to 19 digits")
	}
	return ID(n), nil
}

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Time is the millisecond in which the id was made, or a little later where many were made at once.
func (id ID) Time() time.Time { return Time(int64(id)>>idRandomBits + idEpoch) }

// MarshalText makes an ID a string in JSON, also as a map's key.
func (id ID) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(id), 10), nil }

// UnmarshalText reads a JSON string; a JSON number is refused by encoding/json.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	if err == nil {
		*id = v
	}
	return err
}

// Value stores an ID as BIGINT.
func (id ID) Value() (driver.Value, error) { return int64(id), nil }

// Scan reads a BIGINT that is not NULL; for one that may be, use sql.Null[ID].
func (id *ID) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("db: cannot read %T as an id", src)
	}
	*id = ID(n)
	return nil
}

// idSource makes ids that only rise, also when many are made in a millisecond or the clock is set back.
type idSource struct {
	mu   sync.Mutex
	last ID
}

func (s *idSource) next(now time.Time) ID {
	ms := min(max(now.UnixMilli()-idEpoch, 0), 1<<idMillisBits-1)
	id := ID(ms<<idRandomBits | rand.Int64N(1<<idRandomBits))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(id, s.last+1)
	return s.last
}

// Millis is how a moment is stored: milliseconds since 1970, UTC.
func Millis(t time.Time) int64 { return t.UnixMilli() }

// Time is the moment that [Millis] stored, in UTC.
func Time(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
