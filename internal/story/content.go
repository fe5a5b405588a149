package story

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"

	"sokbo/internal/body"
	"sokbo/internal/fault"
)

// Limits on what a story may hold, in characters.
const (
	MaxHeadline = 300
	MaxDeck     = 2000
	MaxWord     = 100 // a label, a series, a byline, the place of a correction
	MaxNote     = 2000
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Content is everything of one version that a reader is shown.
//
// Its bytes are what is stored and hashed, so the order of the fields is part of the stored form: a field is
// only ever added, at the end, with omitempty. The versions of old stories are never rewritten.
type Content struct {
	V        int    `json:"v"`
	Language string `json:"language"` // of the words of the story: ko, ja, en
	Label    string `json:"label"`    // before the headline: 속보, 단독
	Headline string `json:"headline"`
	Deck     string `json:"deck"`
	Series   string `json:"series"` // after the headline, as printed: 이슈크래커
	Byline   string `json:"byline"`
	// Kind, Note and Place say what a version after the first one corrects; all empty for a plain version.
	Kind  string          `json:"kind"`
	Note  string          `json:"note"`
	Place string          `json:"place"`
	Body  json.RawMessage `json:"body"`
	// Photos names the pictures of the body with the hash of their bytes, so that the chain covers them too.
	Photos []PhotoHash `json:"photos"`
}

// PhotoHash names a picture and its bytes.
type PhotoHash struct {
	Key    string `json:"key"`
	SHA256 string `json:"sha256"`
}

// Doc returns the checked tree of the story's text.
func (c Content) Doc() (body.Doc, error) { return body.Parse(c.Body) }

// normal returns the content as it is stored: checked, in normal form, with the canonical bytes of its body.
func (c Content) normal() (Content, error) {
	for _, f := range []struct {
		name string
		text *string
		max  int
	}{
		{"headline", &c.Headline, MaxHeadline},
		{"deck", &c.Deck, MaxDeck},
		{"label", &c.Label, MaxWord},
		{"series", &c.Series, MaxWord},
		{"byline", &c.Byline, MaxWord},
		{"kind", &c.Kind, MaxWord},
		{"note", &c.Note, MaxNote},
		{"place", &c.Place, MaxWord},
	} {
		s, err := body.Line(*f.text)
		if err != nil {
			return c, fault.Wrap(err, fault.Invalid, "story-text", "the %s holds characters that text cannot have; remove them", f.name)
		}
		if n := utf8.RuneCountInString(s); n > f.max {
			return c, fault.New(fault.Invalid, "story-long", "the %s has %d characters; at most %d are possible", f.name, n, f.max)
		}
		*f.text = s
	}
	if c.Headline == "" {
		return c, fault.New(fault.Invalid, "story-headline", "a story needs a headline")
	}
	switch c.Language {
	case "ko", "ja", "en":
	default:
		return c, fault.New(fault.Invalid, "story-language", "a story is in ko, ja or en, not in %q", c.Language)
	}
	doc, err := c.Doc()
	if err != nil {
		return c, err
	}
	c.V, c.Body = 1, doc.Bytes()
	if c.Photos == nil {
		c.Photos = []PhotoHash{}
	}
	return c, nil
}

// encode returns the bytes that are stored and hashed.
func (c Content) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeHead reads what lists show of a stored content: the fields before the body, which is most of the bytes.
// The order of the fields is part of the stored form.
func decodeHead(b []byte) (Content, error) {
	var c Content
	lines := map[string]*string{
		"language": &c.Language, "label": &c.Label, "headline": &c.Headline, "deck": &c.Deck,
		"series": &c.Series, "byline": &c.Byline, "kind": &c.Kind, "note": &c.Note, "place": &c.Place,
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil { // the brace
		return c, err
	}
	for {
		key, err := d.Token()
		if err != nil || key == "body" {
			return c, err
		}
		value, err := d.Token()
		if err != nil {
			return c, err
		}
		name, _ := key.(string)
		if field := lines[name]; field != nil {
			*field, _ = value.(string)
		}
	}
}

func decode(b []byte) (Content, error) {
	var c Content
	err := json.Unmarshal(b, &c)
	return c, err
}
