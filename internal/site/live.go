package site

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"

	"sokbo/internal/fault"
	"sokbo/internal/live"
	"sokbo/internal/market"
	"sokbo/internal/reaction"
	"sokbo/internal/story"
	"sokbo/internal/web"
)

const (
	siteTopic     = "site"
	articlePrefix = "article."
)

func boardTopic(name string) string     { return "board." + name }
func articleTopic(number string) string { return articlePrefix + number }

// Refresh tells open pages that a story changed.
func (s *Site) Refresh(number string) { s.hub.Refresh(articleTopic(number)) }

// openHub makes the topics that always stand and says how the others are loaded.
func (s *Site) openHub() {
	o := s.Live
	o.Address = web.Address
	o.Resolve = func(name string) (func(context.Context) ([]byte, error), bool) {
		number, ok := strings.CutPrefix(name, articlePrefix)
		if !ok || !story.IsNumber(number) {
			return nil, false
		}
		return func(ctx context.Context) ([]byte, error) { return s.articleState(ctx, number) }, true
	}
	s.hub = live.NewHub(o)
	log := cmp.Or(o.Log, slog.Default())
	publish := func(name string, topic *live.Topic, snapshot, update []byte) {
		if err := topic.Publish(snapshot, update); err != nil { // what is not one line of JSON: a defect
			log.Error("a state cannot be sent to open pages", "topic", name, "error", err)
		}
	}
	publish(siteTopic, s.hub.Topic(siteTopic), []byte(`{"topic":"site"}`), nil)
	for _, name := range []string{market.Crypto, market.Movers} {
		topic := s.hub.Topic(boardTopic(name))
		s.Market.Watch(name, func(all market.Board, changed []market.Quote) {
			var update []byte
			if changed != nil {
				update = all.Update(boardTopic(name), changed)
			}
			publish(boardTopic(name), topic, all.Snapshot(boardTopic(name)), update)
			s.Market.SetInterval(pace(s.hub.Readers(), runtime.GOMAXPROCS(0)))
		})
	}
}

// perDelivery is the processor time that one frame to one reader takes, as make bench shows it on a small machine,
// system included.
const perDelivery = 15 * time.Microsecond

// pace is the shortest time between two states of a board at which sending them takes at most half of the
// processors.
func pace(readers, processors int) time.Duration {
	return min(max(time.Duration(readers)*perDelivery*2/time.Duration(processors), market.MinInterval), market.MaxInterval)
}

// articleState is what an open article page follows.
type articleState struct {
	Topic    string          `json:"topic"`
	Version  int64           `json:"version"`
	Modified string          `json:"modified"`
	State    string          `json:"state"` // live or withdrawn
	Counts   reaction.Counts `json:"counts"`
}

func (s *Site) articleState(ctx context.Context, number string) ([]byte, error) {
	st, err := s.Stories.Find(ctx, number)
	state := "live"
	if fault.KindOf(err) == fault.Gone && st.N > 0 {
		state, err = "withdrawn", nil
	}
	if err != nil {
		return nil, err
	}
	counts, err := s.Reactions.Counts(ctx, st.ID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(articleState{
		Topic:    articleTopic(number),
		Version:  st.N,
		Modified: s.moment(st.Modified).Machine,
		State:    state,
		Counts:   counts,
	})
}

// stream answers /live.
func (s *Site) stream(w http.ResponseWriter, r *http.Request) error {
	web.ShrinkWriteBuffer(r)
	return s.hub.Serve(w, r, strings.Split(r.URL.Query().Get("topics"), ","))
}
