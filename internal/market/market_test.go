package market_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/market"
)

var seoul = time.FixedZone("KST", 9*60*60)

// A tape is a venue that says what a test has it say.
type tape struct {
	about   market.About
	intakes chan *market.Intake
	history func(code string, from, until time.Time) ([]market.Candle, error)
}

func newTape(board string) *tape {
	return &tape{
		about:   market.About{Name: "tape", Board: board, Source: market.Text{Ko: "빗썸", En: "Bithumb", Ja: "ビッサム"}},
		intakes: make(chan *market.Intake),
	}
}

func (v *tape) About() market.About { return v.about }

func (v *tape) Run(ctx context.Context, in *market.Intake) error {
	select {
	case v.intakes <- in:
		<-ctx.Done()
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (v *tape) History(_ context.Context, code string, from, until time.Time) ([]market.Candle, error) {
	if v.history == nil {
		return nil, market.ErrNoHistory
	}
	return v.history(code, from, until)
}

// start runs a market on a tape, inside a bubble. Stop ends it and waits for the end.
func start(t *testing.T, o market.Options, v *tape) (m *market.Market, in *market.Intake, stop func()) {
	t.Helper()
	o.Feeds, o.Zone = []market.Venue{v}, seoul
	m, err := market.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := m.Run(ctx); err != nil {
			t.Errorf("Run = %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return m, <-v.intakes, stop
}

// eachInBubble runs f in a bubble that begins at a moment, on each kind of database. The databases are opened
// there, so that all of their waiting is in the bubble's time, and after the moment has come, since they poll.
func eachInBubble(t *testing.T, begin time.Time, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			o := db.Options{Log: slog.New(slog.DiscardHandler), NoSync: true}
			if dialect == db.SQLite {
				o.Dir = dbtest.MigratedDir(t)
			} else {
				o.URL = dbtest.MigratedPostgresURL(t)
			}
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(begin))
				d, err := db.Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := d.Close(); err != nil {
						t.Error(err)
					}
				})
				f(t, d)
			})
		})
	}
}

func won(key, ko string) market.Listing {
	return market.Listing{Key: key, Code: "KRW-" + key, Name: market.Text{Ko: ko, En: key, Ja: key}, Currency: "KRW"}
}

func dec(t testing.TB, text string) market.Decimal {
	t.Helper()
	d, err := market.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func trade(t testing.TB, code, price string, at time.Time) market.Tick {
	t.Helper()
	return market.Tick{Code: code, Price: dec(t, price), Volume: dec(t, "0.5"), At: at}
}

// quote returns a row of a board as it is once the market has come to rest.
func quote(t *testing.T, m *market.Market, board, key string) market.Quote {
	t.Helper()
	synctest.Wait()
	b, ok := m.Board(board)
	if !ok {
		t.Fatalf("there is no board %s", board)
	}
	for _, q := range b.Quotes {
		if q.Key == key {
			return q
		}
	}
	t.Fatalf("board %s has no row %s: %+v", board, key, b.Quotes)
	return market.Quote{}
}

// sleep lets a time pass in the bubble, and the market come to rest.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
