package theme

import "strings"

// Words are the texts of the pages in one language. No field is empty in any language: a test sees to it.
// Where a text holds {n}, {name} and the like, [Fill] puts the value in, or the page's script does.
type Words struct {
	Language string // the tag that stands in lang: ko, ja, en
	Self     string // what the language calls itself

	// Every page.
	Skip       string
	Places     string // the name of the section line
	Home       string
	Editions   string // the name of the list of editions
	Footer     string
	Theme      string
	ThemeAuto  string
	ThemeLight string
	ThemeDark  string
	Strip      string // the name of the strip of prices
	Pause      string
	ToFront    string

	// The article.
	Published   string
	Modified    string
	HistoryLink string // what the link on the time of the last change leads to, for screen readers
	Sizes       string
	SizeNames   [5]string
	SizeSample  string // the letter on the five buttons
	Share       string
	Print       string
	Rail        string
	Correction  string

	// Reactions.
	Reactions       string
	React           [4]string // in the order of [Kinds]
	MoreMeaning     string
	ReactionTitle   string
	ReactionMine    string // {name}
	ReactionNone    string
	ReactionTake    string
	ReactionPrivate string
	BackToArticle   string

	// Lists.
	MainNews  string
	Newest    string
	Seconds   string
	NoNews    string
	NoNewsDo  string
	SavedPage string // the source of what an imported page printed

	// Boards.
	Crypto      string
	Movers      string
	Instrument  string
	Price       string // {currency}
	Won         string // KRW in the head of a column
	Rate        string
	RateOfDay   string
	Basis       BasisWords
	Source      string // {name}
	Simulated   string
	SavedThen   string // beside a session that a saved page printed
	TimeUnknown string
	NoQuotes    string
	NoneSaved   string
	ReadAloud   string

	History HistoryWords

	PrefsTitle  string
	PrefsLead   string
	PrefsSample string

	Errors  map[Problem]ErrorWords
	ErrorID string // {id}

	Script ScriptWords
}

// BasisWords say what a rate is against.
type BasisWords struct{ Day, PreviousClose, Stated, None string }

// HistoryWords are those of an article's list of changes.
type HistoryWords struct {
	Title       string // {headline}
	Never       string
	Once        string
	Times       string // {n}
	Version     string // {n}
	First       string
	Changed     string // a version that names no kind
	Void        string
	VoidNote    string
	TakenDown   string
	NoChange    string
	Unchanged   string // {n} paragraphs
	Fingerprint string
	TrustTitle  string
	TrustText   string
	// The parts of a story that change.
	Headline, Deck, Label, Series, Byline, Figure string
}

// ErrorWords are one sentence that says what happened and one that says what to do.
type ErrorWords struct{ Title, Do string }

// ScriptWords is what the page's script may say. It stands in every page as JSON.
type ScriptWords struct {
	None       string       `json:"none"`
	Up         string       `json:"up"`
	Down       string       `json:"down"`
	Flat       string       `json:"flat"`
	State      StateWords   `json:"state"`
	Session    SessionWords `json:"session"`
	Updating   string       `json:"updating"`
	Late       string       `json:"late"`
	Paused     string       `json:"paused"`
	Aloud      string       `json:"aloud"`
	AloudOn    string       `json:"aloudOn"`
	AloudOff   string       `json:"aloudOff"`
	Reacted    ReactedWords `json:"reacted"`
	TookBack   string       `json:"tookBack"`
	Failed     FailedWords  `json:"failed"`
	Ago        AgoWords     `json:"ago"`
	Copied     string       `json:"copied"`
	CopyFailed string       `json:"copyFailed"`
	Changed    string       `json:"changed"`
	Withdrawn  string       `json:"withdrawn"`
	Breaking   string       `json:"breaking"`
}

// StateWords say what a price that is not live is worth. {time} is the time of its trade.
type StateWords struct {
	Delayed  string `json:"delayed"`
	Stale    string `json:"stale"`
	Halted   string `json:"halted"`
	Closed   string `json:"closed"`
	Delisted string `json:"delisted"`
}

// SessionWords say where a market stands in its day.
type SessionWords struct {
	Pre     string `json:"pre"`
	Auction string `json:"auction"`
	Open    string `json:"open"`
	Closed  string `json:"closed"`
	After   string `json:"after"`
	Holiday string `json:"holiday"`
	Always  string `json:"always"`
	Unknown string `json:"unknown"`
}

// ReactedWords confirm a reader's own press.
type ReactedWords struct {
	Like  string `json:"like"`
	Angry string `json:"angry"`
	Sad   string `json:"sad"`
	More  string `json:"more"`
}

// FailedWords say why a press did not count.
type FailedWords struct {
	TooMany string `json:"tooMany"`
	Full    string `json:"full"`
	Gone    string `json:"gone"`
	Offline string `json:"offline"`
	Other   string `json:"other"`
}

// AgoWords are times within a day.
type AgoWords struct {
	Now     string `json:"now"`
	Minutes string `json:"minutes"`
	Hours   string `json:"hours"`
}

// Languages are those that the pages have words in, the order of the lists of editions.
var Languages = []string{"ko", "ja", "en"}

// In returns the words of a language, and nil where there are none.
func In(language string) *Words {
	switch language {
	case "ko":
		return &korean
	case "ja":
		return &japanese
	case "en":
		return &english
	}
	return nil
}

// Fill puts values in the places of a text: Fill("{n}판", "n", "3").
func Fill(text string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}
