package theme

import "html/template"

// Paper is the newspaper.
type Paper struct {
	Name  string
	Latin string // its name in Latin letters under the masthead; may be empty
}

// Prefs are a reader's size and theme. Pages that all readers share have [DefaultPrefs].
type Prefs struct{ Size, Theme string }

// DefaultPrefs are those of a reader who chose nothing.
var DefaultPrefs = Prefs{Size: "m", Theme: "auto"}

// fontSizes are those of Sizes, as the style sheet has them.
var fontSizes = map[string]string{"xs": "93.75%", "s": "100%", "m": "106.25%", "l": "125%", "xl": "150%"}

// Style is a style sheet that says what [BootScript] does with the preferences, for readers without script.
// Values that are none of Sizes and Themes say nothing.
func (p Prefs) Style() string {
	style := ""
	if size := fontSizes[p.Size]; size != "" {
		style = "font-size:" + size + ";"
	}
	if p.Theme == "light" || p.Theme == "dark" {
		style += "color-scheme:" + p.Theme
	}
	return ":root{" + style + "}\n"
}

// Moment is a time as it is shown: Machine for datetime, Full for people.
type Moment struct{ Machine, Full string }

// Edition is a front in a language.
type Edition struct {
	Language, Self, URL string
	Current             bool
}

// Frame is what stands around every page. Fields without a word may be empty.
type Frame struct {
	Words       *Words // needed
	Prefs       Prefs  // needed
	Paper       Paper  // needed
	Title       string // needed: of the window
	Heading     string // needed: what the page is called elsewhere, and on an error page or a private one its h1
	Description string
	Canonical   string // absolute; empty for what is not to be found again
	Path        string // where the page's forms lead back to
	Home        string // needed: the front of the page's language
	AtHome      bool
	Private     bool // of one reader: Prefs are theirs
	Today       Moment
	Editions    []Edition
	Alternates  []Edition // absolute addresses of the same page in other languages
	Live        string    // topics, parted by commas
	Version     int64     // of the article
	Strip       *Board
	Linked      any // JSON-LD
}

// place is an entry of the section line.
type place struct {
	Text, URL string
	Current   bool
}

// SiteTopic is what every open page follows. A page that follows nothing else has nothing on it that moves.
const SiteTopic = "site"

// Moves says whether something on the page moves by itself, so that it can be paused.
func (f Frame) Moves() bool { return f.Live != "" && f.Live != SiteTopic }

// places are those of a page that has nothing to lead to but the front.
func (f Frame) places() []place { return []place{{f.Words.Home, f.Home, f.AtHome}} }

// Headline is a story, or a bare headline, in a list.
type Headline struct {
	URL                                      string // empty for a bare headline
	Label, Headline, Series, Summary, Byline string
	Breaking                                 bool
	Time                                     *Moment
	Text                                     []string // the first paragraphs, for a lead
}

// Rail is what stands beside an article and on the front.
type Rail struct {
	MainNews  []Headline
	MainSaved bool // some of it was printed by an imported page
	Boards    []Board
}

// blocks are the places of a rail that are there.
func (r Rail) blocks(w *Words) (all []place) {
	if len(r.MainNews) > 0 {
		all = append(all, place{Text: w.MainNews, URL: "#main-news"})
	}
	for _, b := range r.Boards {
		all = append(all, place{Text: b.Title, URL: "#" + b.Name})
	}
	return all
}

// Board is a list of prices.
type Board struct {
	Name      string // crypto, movers
	Title     string
	Session   string
	Foreign   bool   // the language of the page is not the site's own, in which the stream gives the session's note
	SavedNote string // beside a printed session
	Tag       string // 모의 시세, 저장된 지면
	Ranked    bool
	Stated    bool // as an imported page printed it
	Aloud     bool // holds the page's button for reading prices aloud
	PriceHead string
	RateHead  string
	Tables    [][]Row // one, or two that stand side by side where there is room
	Empty     string  // what stands in place of rows
	Basis     string  // 24h, previousClose, stated, none
	BasisText string
	Source    string
	AsOf      *Moment // nil: not known
}

// Row is a price.
type Row struct {
	Key, State, StateWord, Name, Price string
	Direction                          string // up, down, flat, none
	Arrow, Word, Percent               string
}

// Reactions is the form with the four.
type Reactions struct {
	Number string
	Kinds  []Reaction
}

// Reaction is one of the four. Mine is set only on the reader's private page.
type Reaction struct {
	Kind, Name, Count string
	Mine              bool
}

// Correction is what the live version corrects.
type Correction struct{ Kind, Note string }

// ArticlePage is a story at its address.
type ArticlePage struct {
	Frame
	Rail
	Headline
	Deck                string
	Published, Modified Moment
	HistoryURL          string
	Body                template.HTML
	Correction          *Correction
	Reactions           Reactions
}

func (ArticlePage) template() string  { return "article" }
func (p ArticlePage) places() []place { return append(p.Frame.places(), p.blocks(p.Words)...) }

// FrontPage is a front.
type FrontPage struct {
	Frame
	Rail
	Lead    *Headline
	Seconds []Headline
	Newest  []Headline
}

func (FrontPage) template() string { return "front" }

func (p FrontPage) places() []place {
	all := append(p.Frame.places(), p.blocks(p.Words)...)
	if len(p.Newest) > 0 {
		all = append(all, place{Text: p.Words.Newest, URL: "#newest"})
	}
	return all
}

// HistoryPage is an article's list of changes.
type HistoryPage struct {
	Frame
	ArticleURL, Headline, Summary string
	Versions                      []Version // the newest first
}

func (HistoryPage) template() string { return "history" }

// Version is a step of an article's history.
type Version struct {
	N          int64
	Name, Kind string
	Note       string
	Time       *Moment // nil for a void version
	Void       bool
	Changes    []Change
	Unchanged  string
	Hash       string
}

// Change is a changed part of a story. Field is empty in the text itself.
type Change struct {
	Field string
	Spans []Span
}

// Span is a run of words.
type Span struct {
	Op   Op
	Text string
}

// Op says what happened to a span.
type Op string

const (
	Same    Op = ""
	Added   Op = "add"
	Removed Op = "remove"
)

// ReactionPage is a reader's own reaction to an article.
type ReactionPage struct {
	Frame
	ArticleURL, Headline string
	Reactions            Reactions
	Chosen               bool
}

func (ReactionPage) template() string { return "reaction" }

// PrefsPage is the form of the preferences.
type PrefsPage struct {
	Frame
	Next string // where the form leads
}

func (PrefsPage) template() string { return "prefs" }

// Problem is why a page cannot be shown.
type Problem string

const (
	Bad         Problem = "bad"
	Forbidden   Problem = "forbidden"
	NotFound    Problem = "not-found"
	Gone        Problem = "gone"
	TooLarge    Problem = "too-large"
	TooMany     Problem = "too-many"
	Full        Problem = "full"
	Unavailable Problem = "unavailable"
	Broken      Problem = "broken"
)

// ErrorPage says what is wrong and what to do, and offers the newest stories.
type ErrorPage struct {
	Frame
	Status int
	Do     string
	ID     string // of the entry in the log, in a sentence
	Newest []Headline
}

func (ErrorPage) template() string { return "error" }
