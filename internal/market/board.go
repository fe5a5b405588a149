package market

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// Names of the boards.
const (
	Crypto = "crypto" // coins in won, against 24 hours ago
	Movers = "movers" // the rising stocks of the session, ranked
)

// State says what a row's price is worth.
type State string

const (
	Live     State = "live"     // the venue answers and this is the newest price that it knows
	Delayed  State = "delayed"  // the newest price that the source may give; it comes late by its terms
	Stale    State = "stale"    // the venue does not answer, holds newer trades, or no trade is known
	Halted   State = "halted"   // trading in the instrument is suspended
	Closed   State = "closed"   // the price of a session that is not open
	Delisted State = "delisted" // the venue no longer lists the instrument
)

// Basis says what a change is against.
type Basis string

const (
	Day           Basis = "24h"           // the close of the last whole minute that ended at or before now − 24 h
	PreviousClose Basis = "previousClose" // the close of the regular session before
	AsStated      Basis = "stated"        // as an imported page printed it
	NoBasis       Basis = "none"          // nothing to compare with is known
)

// SessionState is where a market stands in its day.
type SessionState string

const (
	SessionPre     SessionState = "pre"
	SessionAuction SessionState = "auction"
	SessionOpen    SessionState = "open"
	SessionClosed  SessionState = "closed"
	SessionAfter   SessionState = "after" // readers are still told that the regular session has closed
	SessionHoliday SessionState = "holiday"
	SessionAlways  SessionState = "always"
	SessionUnknown SessionState = "unknown"
)

// Quote is one row of a board. Decimals are texts, ready for JSON and for display; "" stands for null.
// Two quotes that say the same are equal by ==.
type Quote struct {
	Key        string // the row's identity: it stays when the name, the code or the venue changes
	Instrument string // venue and its code, "bithumb:KRW-BTC"; "" on a stated board
	Source     string // the venue's name for readers
	Name       string
	Price      string // "" while no trade is known; decimals as the price step has them
	Currency   string
	Change     string // price − base; "" where nothing is known or the page printed none
	ChangeRate string // ratio with [RateScale] decimals; "" likewise
	Basis      Basis
	At         time.Time // of the trade, UTC; zero while none is known
	State      State
	Simulated  bool
}

// Session is the session that a board's prices are from.
type Session struct {
	State SessionState
	Date  string // 2026-11-23; "" where the year is not known
	Note  string // in printed words: "07.16 장종료"; "" where there is nothing to say
}

// Board is one state of a board. It is shared: its quotes must not be changed.
type Board struct {
	Name     string
	AsOf     time.Time     // when this state was made
	Interval time.Duration // the shortest time between two states
	Session  Session
	Quotes   []Quote // in the order of display

	// Stated says that the board is that of an imported page, Captured when the page was saved (zero:
	// not known). Programs read both from the quotes.
	Stated   bool
	Captured time.Time

	zone *time.Location
}

// timeForm is RFC 3339 with milliseconds.
const timeForm = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON gives the board as the public API shows it.
func (b Board) MarshalJSON() ([]byte, error) {
	return append(b.appendFields(append(b.buffer(), '{'), b.Quotes), '}'), nil
}

// Snapshot is the board as one line of JSON that begins with the topic.
func (b Board) Snapshot(topic string) []byte { return b.frame(topic, b.Quotes) }

// Update is a Snapshot that lists only the quotes given.
func (b Board) Update(topic string, changed []Quote) []byte { return b.frame(topic, changed) }

func (b Board) frame(topic string, quotes []Quote) []byte {
	dst := append(b.buffer(), `{"topic":`...)
	dst = append(appendText(dst, topic), ',')
	return append(b.appendFields(dst, quotes), '}')
}

func (b Board) buffer() []byte { return make([]byte, 0, 192+320*len(b.Quotes)) }

func (b Board) appendFields(dst []byte, quotes []Quote) []byte {
	dst = appendText(append(dst, `"board":`...), b.Name)
	dst = b.appendTime(append(dst, `,"asOf":`...), b.AsOf)
	dst = strconv.AppendInt(append(dst, `,"interval":`...), b.Interval.Milliseconds(), 10)
	dst = appendText(append(dst, `,"session":{"state":`...), string(b.Session.State))
	dst = appendNullable(append(dst, `,"date":`...), b.Session.Date)
	dst = appendText(append(dst, `,"note":`...), b.Session.Note)
	dst = append(dst, `},"quotes":[`...)
	for i := range quotes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = b.appendQuote(dst, &quotes[i])
	}
	return append(dst, ']')
}

func (b Board) appendQuote(dst []byte, q *Quote) []byte {
	dst = appendText(append(dst, `{"key":`...), q.Key)
	dst = appendNullable(append(dst, `,"instrument":`...), q.Instrument)
	dst = appendText(append(dst, `,"source":`...), q.Source)
	dst = appendText(append(dst, `,"name":`...), q.Name)
	dst = appendNullable(append(dst, `,"price":`...), q.Price)
	dst = appendText(append(dst, `,"currency":`...), q.Currency)
	dst = appendNullable(append(dst, `,"change":`...), q.Change)
	dst = appendNullable(append(dst, `,"changeRate":`...), q.ChangeRate)
	dst = appendText(append(dst, `,"basis":`...), string(q.Basis))
	dst = b.appendTime(append(dst, `,"at":`...), q.At)
	dst = appendText(append(dst, `,"state":`...), string(q.State))
	return append(strconv.AppendBool(append(dst, `,"simulated":`...), q.Simulated), '}')
}

func (b Board) appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, "null"...)
	}
	zone := b.zone
	if zone == nil {
		zone = time.UTC
	}
	return append(t.In(zone).AppendFormat(append(dst, '"'), timeForm), '"')
}

func appendNullable(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return appendText(dst, s)
}

// appendText writes a JSON string. What needs an escape, or could end a script element, goes the long way.
func appendText(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0xe2 {
			return appendEscaped(dst, s)
		}
	}
	if !utf8.ValidString(s) {
		return appendEscaped(dst, s)
	}
	return append(append(append(dst, '"'), s...), '"')
}

func appendEscaped(dst []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return append(dst, `""`...) // a string always marshals
	}
	return append(dst, text...)
}
