package market

import (
	"context"
	"errors"
	"time"
)

// A Venue brings the prices of one board. It is an exchange, a stock feed, or the simulated market.
type Venue interface {
	// About never changes.
	About() About

	// Run follows the venue and tells in what it hears, until ctx ends or the connection is lost for good.
	// It is started again, after a growing wait, when it returns; so it reconnects either itself, with
	// [Intake.Lost] at every loss, or by returning.
	Run(ctx context.Context, in *Intake) error

	// History returns the minutes from the one that begins at from up to the one that begins at until
	// (exclusive), oldest first, and before them the last one that had a trade earlier, if there is one.
	// A minute that is missing between had no trade. [ErrNoHistory] means that the venue keeps none.
	History(ctx context.Context, code string, from, until time.Time) ([]Candle, error)
}

// ErrNoHistory is what [Venue.History] returns if it can never tell.
var ErrNoHistory = errors.New("the venue keeps no history")

// About describes a venue.
type About struct {
	Name      string // stable, in lower case: the first half of a quote's instrument
	Board     string // the board that it fills
	Source    Text   // what readers are told
	Simulated bool
}

// Text is one thing said in the languages of the interface.
type Text struct{ Ko, En, Ja string }

// In returns the text in a language ("ko", "en", "ja"); in another language it is the Korean one.
func (t Text) In(language string) string {
	switch {
	case language == "en" && t.En != "":
		return t.En
	case language == "ja" && t.Ja != "":
		return t.Ja
	}
	return t.Ko
}

// Listing is one instrument as a venue lists it now.
type Listing struct {
	Key      string // the operator's key, [A-Z0-9][A-Z0-9.-]{0,15}
	Code     string // the venue's own code; another code under the same key is another instrument
	Name     Text
	Currency string

	// Delay is how much later than the trade the source gives its prices by its terms; rows then say
	// delayed. Zero: at once.
	Delay time.Duration
	// Rhythm is how often at least the source repeats a price; one that is older is stale. Zero: silence
	// says nothing, as on a quiet market.
	Rhythm time.Duration
}

// Tick is one trade, or a venue's statement of its last trade.
type Tick struct {
	Code   string
	Price  Decimal
	Volume Decimal   // zero where the venue does not say
	At     time.Time // of the trade, by the venue's clock
	Seq    int64     // order among trades of the same millisecond; 0: none is known
	// Previous is the close of the regular session before; zero leaves what was said before.
	Previous Decimal
}

// Candle is one minute of trading. One with a Volume of zero had no trade: its prices are the close before.
type Candle struct {
	Start                  time.Time // the minute's first moment
	Open, High, Low, Close Decimal
	Volume                 Decimal
}

// Drop is a reason for not taking a tick.
type Drop int

const (
	UnknownCode Drop = iota // nobody listed it
	NotPositive             // a price of zero or less, or a negative volume
	Future                  // more than [MaxAhead] after this machine's clock
	OutOfOrder              // older than the newest tick
	Duplicate               // the newest tick again
	Absurd                  // a jump that no market makes; see [MaxJump]
	drops
)

var dropNames = [drops]string{"unknown code", "not positive", "future", "out of order", "duplicate", "absurd"}

func (d Drop) String() string { return dropNames[d] }

const (
	// MaxAhead is how far a venue's clock may be ahead of ours.
	MaxAhead = 5 * time.Second
	// MaxJump is the factor that a price may change by, up or down, from one tick to the next.
	MaxJump = 2
	// JumpMemory is how long a price is a measure for the next one. After this time without a credible
	// tick the new level is taken.
	JumpMemory = 10 * time.Minute
)

// Intake is where a venue tells what it hears. Its methods are safe for concurrent use and never wait for
// anything slow.
type Intake struct{ feed *feed }

// Now is the clock that the market goes by, for venues that must tell time.
func (in *Intake) Now() time.Time { return in.feed.now() }

// Tick takes a trade. It is also heard.
func (in *Intake) Tick(t Tick) { in.feed.tick(t) }

// Heard says that the venue just answered: a pong, a heartbeat, any message on a connection that stands.
// After [DeadAfter] without it all rows of the venue are stale.
func (in *Intake) Heard() { in.feed.hearNow() }

// Lost says that the connection is gone, so that what is heard next does not follow on what was heard last.
// Rows that are not confirmed by a tick afterwards, or by Seen, turn stale.
func (in *Intake) Lost() { in.feed.lose() }

// Seen says that the venue, asked apart from its stream, knows the last trade of code to be from at. When
// it is newer than what the stream brought within [SeenGrace], the row turns stale.
func (in *Intake) Seen(code string, at time.Time) { in.feed.seen(code, at) }

// List tells all instruments that the venue lists, in the order of display. A row whose key is no longer
// among them is delisted; on a ranked board it goes.
func (in *Intake) List(listings []Listing) { in.feed.list(listings) }

// Halt says whether trading in code is suspended.
func (in *Intake) Halt(code string, halted bool) { in.feed.halt(code, halted) }

// Session says where the market stands. Boards whose market never closes need it not.
func (in *Intake) Session(state SessionState, date string, note Text) {
	in.feed.setSession(state, date, note)
}
