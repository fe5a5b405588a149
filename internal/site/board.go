package site

import (
	"strings"
	"time"

	"sokbo/internal/market"
	"sokbo/internal/site/theme"
)

// stripRows is how many prices stand in the strip under the section line.
const stripRows = 3

// boardTag names every page that shows a board of an imported page.
func boardTag(name string) string { return "board:" + name }

var boardTags = []string{boardTag(market.Movers), boardTag(market.Crypto)}

// board shows a board as it is now. It is false where there is none.
func (s *Site) board(w *theme.Words, name string, wide bool) (theme.Board, bool) {
	b, ok := s.Market.BoardIn(name, w.Language)
	if !ok {
		return theme.Board{}, false
	}
	out := theme.Board{
		Name:    name,
		Stated:  b.Stated,
		Ranked:  name == market.Movers,
		Session: session(w, b.Session),
		Foreign: w.Language != s.Language,
		Aloud:   name == market.Crypto && !b.Stated,
		Empty:   w.NoQuotes,
		Basis:   string(market.NoBasis),
	}
	switch name {
	case market.Crypto:
		out.Title, out.RateHead = w.Crypto, w.Rate
		out.Session = "" // coins always trade; saying so beside the name tells nothing
	default:
		out.Title, out.RateHead = w.Movers, w.RateOfDay
	}
	out.PriceHead = theme.Fill(w.Price, "currency", w.Won)

	rows := make([]theme.Row, len(b.Quotes))
	for i, q := range b.Quotes {
		rows[i] = s.row(w, q)
		if q.Simulated {
			out.Tag = w.Simulated
		}
		if out.Source == "" && q.Source != "" && q.Source != out.Tag {
			out.Source = theme.Fill(w.Source, "name", q.Source)
		}
		if out.Basis == string(market.NoBasis) {
			out.Basis = string(q.Basis)
		}
	}
	switch {
	case len(rows) == 0:
	case wide && len(rows) >= 8:
		half := (len(rows) + 1) / 2
		out.Tables = [][]theme.Row{rows[:half], rows[half:]}
	default:
		out.Tables = [][]theme.Row{rows}
	}
	out.BasisText = basis(w, market.Basis(out.Basis))
	at := b.AsOf
	if b.Stated {
		out.Tag, out.Source, out.Basis, at = w.SavedPage, "", string(market.AsStated), b.Captured
		out.BasisText, out.Empty = w.Basis.Stated, w.NoneSaved
		if name == market.Crypto && b.Session.Note != "" {
			out.BasisText = "* " + b.Session.Note // what the page said of its rates
		}
		if out.Session != "" {
			out.SavedNote = w.SavedThen
		}
	}
	if !at.IsZero() {
		m := s.clock(at)
		if b.Stated {
			m = s.moment(at)
		}
		out.AsOf = &m
	}
	return out, true
}

func (s *Site) row(w *theme.Words, q market.Quote) theme.Row {
	r := theme.Row{Key: q.Key, State: string(q.State), Name: q.Name, Price: market.FormatPrice(q.Price)}
	percent, direction := market.FormatRate(q.ChangeRate)
	r.Direction, r.Arrow, r.Percent = string(direction), direction.Arrow(), percent
	none := w.Script.None
	if r.Percent == "" {
		r.Percent = none
	}
	if r.Price == "" {
		r.Price = none
	}
	switch direction {
	case market.Up:
		r.Word = w.Script.Up
	case market.Down:
		r.Word = w.Script.Down
	case market.Flat:
		r.Word = w.Script.Flat
	}
	if q.Basis != market.AsStated {
		at := none
		if !q.At.IsZero() {
			at = q.At.In(s.Zone).Format("15:04")
		}
		r.StateWord = theme.Fill(stateWord(w, q.State), "time", at)
	}
	return r
}

func stateWord(w *theme.Words, s market.State) string {
	switch s {
	case market.Delayed:
		return w.Script.State.Delayed
	case market.Stale:
		return w.Script.State.Stale
	case market.Halted:
		return w.Script.State.Halted
	case market.Closed:
		return w.Script.State.Closed
	case market.Delisted:
		return w.Script.State.Delisted
	}
	return ""
}

// session says where a market stands: the printed words where there are any, else date and state.
func session(w *theme.Words, se market.Session) string {
	if se.Note != "" {
		return se.Note
	}
	word := w.Script.Session.Unknown
	switch se.State {
	case market.SessionPre:
		word = w.Script.Session.Pre
	case market.SessionAuction:
		word = w.Script.Session.Auction
	case market.SessionOpen:
		word = w.Script.Session.Open
	case market.SessionClosed:
		word = w.Script.Session.Closed
	case market.SessionAfter:
		word = w.Script.Session.After
	case market.SessionHoliday:
		word = w.Script.Session.Holiday
	case market.SessionAlways:
		return w.Script.Session.Always
	}
	if day, err := time.Parse("2006-01-02", se.Date); err == nil {
		word = day.Format("01.02") + " " + word
	}
	return word
}

func basis(w *theme.Words, b market.Basis) string {
	switch b {
	case market.Day:
		return w.Basis.Day
	case market.PreviousClose:
		return w.Basis.PreviousClose
	case market.AsStated:
		return w.Basis.Stated
	}
	return w.Basis.None
}

// goLive gives a page its topics and the strip of prices. Number is "" where the page is no article's.
func (s *Site) goLive(f *theme.Frame, w *theme.Words, number string) {
	var topics []string
	for _, name := range []string{market.Crypto, market.Movers} {
		if _, ok := s.Market.Board(name); ok {
			topics = append(topics, boardTopic(name))
		}
	}
	if number != "" {
		topics = append(topics, articleTopic(number))
	}
	f.Live = strings.Join(append(topics, siteTopic), ",")
	if b, ok := s.board(w, market.Crypto, false); ok && len(b.Tables) > 0 {
		b.Tables = [][]theme.Row{b.Tables[0][:min(stripRows, len(b.Tables[0]))]}
		f.Strip = &b
	}
}
