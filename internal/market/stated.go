package market

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sokbo/internal/db"
	"sokbo/internal/fault"
)

// Stated is the board of an imported page.
type Stated struct {
	Board string // [Crypto] or [Movers]
	Rows  []StatedRow
	// Note is the state of the session in the printed words, such as "07.16 장종료".
	Note string
	// Captured is when the page was saved; nil where that is not known.
	Captured *time.Time
}

// StatedRow is one printed row.
type StatedRow struct {
	Key   string // "": [KeyOf] the name
	Name  string
	Price string // as printed, "90,769,000"; "" where the page has none
	Rate  string // as printed, "+2.08%"; "" where the page has none
}

const (
	// MaxStatedRows is how many rows an imported board has at most.
	MaxStatedRows = 100
	// MaxStatedText is the longest name or note of one, in bytes.
	MaxStatedText = 200
)

// SetStated makes s the stated board of its name, in place of the one before, and says so in the change log. A
// board without rows keeps its note. What cannot be shown is refused as Invalid with code "stated-board", and
// nothing is written.
func SetStated(ctx context.Context, tx *db.Tx, s Stated) error {
	quotes, err := s.quotes()
	if err != nil {
		return err
	}
	var captured *int64
	if s.Captured != nil {
		ms := db.Millis(*s.Captured)
		captured = &ms
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO stated_board (board, set_at, captured, note)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (board) DO UPDATE SET set_at = excluded.set_at, captured = excluded.captured, note = excluded.note`,
		s.Board, db.Millis(tx.Now()), captured, s.Note)
	if err != nil {
		return fmt.Errorf("market: set a stated board: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM stated_quote WHERE board = $1`, s.Board); err != nil {
		return fmt.Errorf("market: clear a stated board: %w", err)
	}
	var boards, keys, names, prices, rates []string
	var places []int64
	for i, q := range quotes {
		boards, places = append(boards, s.Board), append(places, int64(i))
		keys, names = append(keys, q.Key), append(names, q.Name)
		prices, rates = append(prices, q.Price), append(rates, q.ChangeRate)
	}
	if err := tx.Batch(ctx, putStated, boards, places, keys, names, prices, rates); err != nil {
		return fmt.Errorf("market: write a stated board: %w", err)
	}
	tx.Changed(boardTag(s.Board))
	return nil
}

const putStated db.BatchSQL = `
	INSERT INTO stated_quote (board, place, key, name, price, rate)
	{rows}`

func notStated(format string, args ...any) error {
	return fault.New(fault.Invalid, "stated-board", format, args...)
}

// quotes checks the rows and reads their figures.
func (s Stated) quotes() ([]Quote, error) {
	switch {
	case s.Board != Crypto && s.Board != Movers:
		return nil, notStated("There is no board %q; write %s or %s", s.Board, Crypto, Movers)
	case len(s.Rows) > MaxStatedRows:
		return nil, notStated("The board has %d rows; at most %d are taken", len(s.Rows), MaxStatedRows)
	case !printable(s.Note):
		return nil, notStated("The note of the board is too long or no plain text; shorten it to %d bytes", MaxStatedText)
	}
	quotes := make([]Quote, 0, len(s.Rows))
	taken := make(map[string]bool, len(s.Rows))
	for _, r := range s.Rows {
		if r.Name == "" || !printable(r.Name) {
			return nil, notStated("The name %q is empty, too long or no plain text; give it in at most %d bytes", r.Name, MaxStatedText)
		}
		q := Quote{Key: r.Key, Name: r.Name}
		if q.Key == "" {
			q.Key = KeyOf(s.Board, r.Name)
		}
		if !keyForm.MatchString(q.Key) {
			return nil, notStated("The key %q is not one; write up to 16 of A-Z, 0-9, point and hyphen", q.Key)
		}
		if taken[q.Key] {
			return nil, notStated("Two rows have the key %s; leave one of them out", q.Key)
		}
		taken[q.Key] = true
		var err error
		if q.Price, err = printedPrice(r.Price); err != nil {
			return nil, err
		}
		if q.ChangeRate, err = printedRate(r.Rate); err != nil {
			return nil, err
		}
		quotes = append(quotes, q)
	}
	return quotes, nil
}

var keyForm = regexp.MustCompile(`^[A-Z0-9][A-Z0-9.-]{0,15}$`)

func printable(s string) bool {
	return len(s) <= MaxStatedText && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// printedPrice keeps the printed digits and drops only the commas.
func printedPrice(printed string) (string, error) {
	if printed == "" {
		return "", nil
	}
	digits, ok := ungroup(printed)
	if !ok || !plainNumber.MatchString(digits) {
		return "", notStated("The price %q is not a number; write it as 90,769,000 or 93.7", printed)
	}
	if _, err := ParseDecimal(digits); err != nil {
		return "", notStated("The price %q has too many digits; write at most 19", printed)
	}
	return digits, nil
}

var plainNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// printedRate reads +2.08%, −3.11 %, ▲2.08% or ▼3.11% as a ratio.
func printedRate(printed string) (string, error) {
	if printed == "" {
		return "", nil
	}
	digits := rateSigns.Replace(printed)
	if rest, down := strings.CutPrefix(digits, "▼"); down {
		digits = "-" + strings.TrimPrefix(rest, "-")
	}
	digits = strings.TrimPrefix(digits, "▲")
	percent, err := ParseDecimal(digits)
	if err != nil {
		return "", notStated("The rate %q is not a percentage; write it as +2.08%%", printed)
	}
	rate, ok := ratio(aligned(percent, mustDecimal(100, 0)))
	if !ok {
		return "", notStated("The rate %q is out of all measure; leave the row out", printed)
	}
	return rate.Pad(RateScale).String(), nil
}

var rateSigns = strings.NewReplacer("%", "", "%", "", " ", "", "\u00a0", "", Minus, "-", "–", "-", "↑", "▲", "△", "▲", "↓", "▼", "▽", "▼")

// statedBoard is a stated board as kept.
type statedBoard struct {
	set      time.Time
	captured time.Time
	note     string
	quotes   []Quote
}

func (s *statedBoard) show(language string) *shown {
	b := Board{
		AsOf: s.set, Stated: true, Captured: s.captured,
		Session: Session{State: SessionClosed, Date: dateOf(s.note, s.captured), Note: s.note},
		Quotes:  make([]Quote, len(s.quotes)),
	}
	for i, q := range s.quotes {
		q.Source, q.Currency, q.At, q.State = statedSource.In(language), "KRW", s.captured, Stale
		q.Basis = AsStated
		if q.ChangeRate == "" {
			q.Basis = NoBasis
		}
		b.Quotes[i] = q
	}
	return &shown{board: b, from: statedSource}
}

var noteDate = regexp.MustCompile(`^(\d{1,2})[./](\d{1,2})\b`)

// dateOf puts the year of the capture to a printed month and day: the last such day until then.
func dateOf(note string, captured time.Time) string {
	printed := noteDate.FindStringSubmatch(note)
	if printed == nil || captured.IsZero() {
		return ""
	}
	month, _ := strconv.Atoi(printed[1])
	day, _ := strconv.Atoi(printed[2])
	// The page's own zone is not known; a day of tolerance covers them all.
	for year := captured.Year() + 1; year > captured.Year()-5; year-- {
		d := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if d.Day() == day && int(d.Month()) == month && !d.After(captured.Add(24*time.Hour)) {
			return d.Format(time.DateOnly)
		}
	}
	return ""
}

// readStated reads the stated board of a name, if there is one.
func (m *Market) readStated(ctx context.Context, name string) error {
	if m.db == nil {
		return nil
	}
	var stated *statedBoard
	err := m.db.Read(ctx, func(r *db.Reader) (err error) {
		stated, err = stateds(ctx, r, name)
		return err
	})
	if err != nil {
		return fmt.Errorf("market: read the stated board %s: %w", name, err)
	}
	b := m.boards[name]
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stated = stated
	return nil
}

func stateds(ctx context.Context, r *db.Reader, name string) (*statedBoard, error) {
	var set int64
	var captured sql.NullInt64
	s := &statedBoard{}
	err := r.QueryRow(ctx, `SELECT set_at, captured, note FROM stated_board WHERE board = $1`, name).Scan(&set, &captured, &s.note)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.set = db.Time(set)
	if captured.Valid {
		s.captured = db.Time(captured.Int64)
	}
	rows, err := r.Query(ctx, `SELECT key, name, price, rate FROM stated_quote WHERE board = $1 ORDER BY place`, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var q Quote
		if err := rows.Scan(&q.Key, &q.Name, &q.Price, &q.ChangeRate); err != nil {
			return nil, err
		}
		s.quotes = append(s.quotes, q)
	}
	return s, rows.Err()
}

// rereadTime is how long reading a stated board may take while a Write waits for it.
const rereadTime = 2 * time.Second

// reread brings a changed stated board on the board before the one who changed it is answered.
func (m *Market) reread(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), rereadTime)
	defer cancel()
	b := m.boards[name]
	err := m.readStated(ctx, name)
	b.again.Store(err != nil)
	if err != nil {
		m.log.Error("market: an imported board could not be read and is tried again every few seconds", "board", name, "error", err)
		return
	}
	b.refresh(m.now())
	signal(m.woken)
}
