// Package api answers programs: public JSON, built from its own structs, and the reactions of this site's script.
package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"sokbo/internal/fault"
	"sokbo/internal/market"
	"sokbo/internal/reaction"
	"sokbo/internal/story"
	"sokbo/internal/web"
)

// Options are what the API answers from. All are needed.
type Options struct {
	Stories   *story.Stories
	Market    *market.Market
	Reactions *reaction.Reactions
	// Reader says who sent a request, if this browser has ever reacted; React takes a reaction. They are the
	// site's, so that forms and programs have one way in.
	Reader func(r *http.Request) (reaction.Reader, bool)
	React  func(w http.ResponseWriter, r *http.Request, st story.State, kind reaction.Kind) (reaction.Counts, error)
}

// API is the face for programs.
type API struct{ Options }

func New(o Options) *API { return &API{o} }

// Routes are all addresses of the API.
func (a *API) Routes() []web.Route {
	public := func(object string) web.Rule { return web.Rule{Who: web.Anyone, Object: object, Cache: web.Public} }
	return []web.Route{
		{Pattern: "GET /api/v1/boards/{name}", Rule: public("a board that readers see"), Handle: a.board},
		{Pattern: "GET /api/v1/articles/{number}/reactions", Rule: public("a visible story"), Handle: a.counts},
		{Pattern: "GET /api/v1/articles/{number}/reactions/mine", Handle: a.mine,
			Rule: web.Rule{Who: web.Anyone, Object: "a visible story; the reader's own reaction by cookie", Cache: web.Private}},
		{Pattern: "POST /api/v1/articles/{number}/reactions", Handle: a.react, MaxBody: maxReaction,
			Rule: web.Rule{Who: web.Anyone, Object: "a visible story; the reader's own reaction by cookie", Cache: web.NoStore}},
	}
}

// maxReaction is the size of a posted reaction in bytes.
const maxReaction = 1 << 10

var errNoBoard = fault.New(fault.NotFound, "board-not-found", "there is no such board")

func (a *API) board(w http.ResponseWriter, r *http.Request) error {
	b, ok := a.Market.Board(r.PathValue("name"))
	if !ok {
		open(w)
		return errNoBoard
	}
	return answer(w, r, b)
}

type articleCounts struct {
	Article string          `json:"article"`
	Counts  reaction.Counts `json:"counts"`
}

func (a *API) counts(w http.ResponseWriter, r *http.Request) error {
	st, err := a.Stories.Find(r.Context(), r.PathValue("number"))
	if err != nil {
		open(w)
		return err
	}
	c, err := a.Reactions.Counts(r.Context(), st.ID)
	if err != nil {
		return err
	}
	return answer(w, r, articleCounts{st.Number, c})
}

func (a *API) mine(w http.ResponseWriter, r *http.Request) error {
	st, err := a.Stories.Find(r.Context(), r.PathValue("number"))
	if err != nil {
		return err
	}
	mine := reaction.None
	if reader, known := a.Reader(r); known {
		if mine, err = a.Reactions.Mine(r.Context(), st.ID, reader); err != nil {
			return err
		}
	}
	return write(w, struct {
		Mine reaction.Kind `json:"mine"`
	}{mine})
}

// react takes {"reaction":"more"}; "" takes the reader's reaction back.
func (a *API) react(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Reaction *string `json:"reaction"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if in.Reaction == nil {
		return fault.New(fault.Invalid, "reaction-missing", `the field "reaction" is missing; send like, angry, sad, more or ""`)
	}
	kind, err := reaction.ParseKind(*in.Reaction)
	if err != nil {
		return err
	}
	st, err := a.Stories.Find(r.Context(), r.PathValue("number"))
	if err != nil {
		return err
	}
	c, err := a.React(w, r, st, kind)
	if err != nil {
		return err
	}
	return write(w, struct {
		articleCounts
		Mine reaction.Kind `json:"mine"`
	}{articleCounts{st.Number, c}, kind})
}

// read decodes one JSON value without unknown fields.
func read(r *http.Request, v any) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return fault.New(fault.Invalid, "content-type", "send JSON with Content-Type: application/json")
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the JSON value")
		}
	}
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return fault.Wrap(err, fault.Invalid, "json", "the JSON could not be read, or holds a field that is not known here")
	}
	return err
}

// open lets scripts of other sites read an answer that is the same for all.
func open(w http.ResponseWriter) { w.Header().Set("Access-Control-Allow-Origin", "*") }

// answer writes a public value with an ETag, or 304 to who has it.
func answer(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	open(w)
	sum := sha256.Sum256(b)
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b)) // knows If-None-Match and HEAD
	return nil
}

func write(w http.ResponseWriter, v any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", jsonType)
	w.Write(b)
	return nil
}

const jsonType = "application/json; charset=utf-8"

func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(b, '\n'), err
}
