package body

import "slices"

// spec says what a kind of node is made of.
type spec struct {
	inline   bool     // a run inside a block: it has no id
	attrs    []string // it may have these beside its id
	required []string // and must have these
	text     bool     // it holds inline nodes
	holds    []string // it holds these kinds of block
	min      int      // at least so many
}

// flow is what may stand in the text itself, in a box and in an entry.
var flow = []string{
	"paragraph", "heading", "blockquote", "bullet_list", "ordered_list", "horizontal_rule", "pullquote",
	"figure", "gallery", "table", "board", "related", "video",
}

var (
	quoted = []string{"paragraph", "heading", "blockquote", "bullet_list", "ordered_list"}
	listed = []string{"paragraph", "bullet_list", "ordered_list"}
	inline = []string{"text", "hard_break"}
)

// kinds are the nodes of version 1, named as in prosemirror-schema-basic and -list where these have them.
// A node of another kind may stand anywhere.
var kinds = map[string]spec{
	"text":            {inline: true},
	"hard_break":      {inline: true},
	"paragraph":       {text: true},
	"heading":         {text: true, attrs: []string{"level"}, required: []string{"level"}},
	"blockquote":      {holds: quoted, min: 1},
	"bullet_list":     {holds: []string{"list_item"}, min: 1},
	"ordered_list":    {holds: []string{"list_item"}, min: 1, attrs: []string{"order"}},
	"list_item":       {holds: listed, min: 1},
	"horizontal_rule": {},
	"pullquote":       {text: true, attrs: []string{"by"}},
	"figure":          {text: true, attrs: []string{"photo", "alt", "credit"}},
	"gallery":         {holds: []string{"figure"}, min: 1},
	"table":           {holds: []string{"table_row"}, min: 1, attrs: []string{"caption"}},
	"table_row":       {holds: []string{"table_header", "table_cell"}, min: 1},
	"table_header":    {text: true, attrs: []string{"colspan", "rowspan", "scope"}},
	"table_cell":      {text: true, attrs: []string{"colspan", "rowspan"}},
	"box":             {holds: flow, min: 1, attrs: []string{"title"}},
	"board":           {holds: []string{"quote_row"}, attrs: []string{"board", "title"}},
	"quote_row":       {attrs: []string{"key"}, required: []string{"key"}},
	"related":         {attrs: []string{"title", "stories"}, required: []string{"stories"}},
	"video":           {text: true, attrs: []string{"href", "photo", "credit"}, required: []string{"href"}},
	"entry":           {holds: slices.Concat(flow, []string{"box"}), attrs: []string{"title", "at"}, required: []string{"at"}},
}

// top is what may stand in the text itself.
var top = slices.Concat(flow, []string{"box", "entry"})

// attribute is one name of attrs: where it is kept and what it may be.
type attribute struct {
	name     string
	text     func(*attrs) *string
	check    func(string) error
	number   func(*attrs) *int64
	min, max int64
	list     func(*attrs) *[]string
}

// attributes stand in the order in which they are written.
var attributes = []attribute{
	{name: "id", text: func(a *attrs) *string { return &a.id }, check: checkID},
	{name: "level", number: func(a *attrs) *int64 { return &a.level }, min: 2, max: 3},
	{name: "order", number: func(a *attrs) *int64 { return &a.order }, min: 1, max: 1_000_000},
	{name: "colspan", number: func(a *attrs) *int64 { return &a.colspan }, min: 1, max: MaxCells},
	{name: "rowspan", number: func(a *attrs) *int64 { return &a.rowspan }, min: 1, max: MaxCells},
	{name: "scope", text: func(a *attrs) *string { return &a.scope }, check: oneOf("col", "row")},
	{name: "photo", text: func(a *attrs) *string { return &a.photo }, check: checkKey},
	{name: "alt", text: func(a *attrs) *string { return &a.alt }},
	{name: "caption", text: func(a *attrs) *string { return &a.caption }},
	{name: "title", text: func(a *attrs) *string { return &a.title }},
	{name: "by", text: func(a *attrs) *string { return &a.by }},
	{name: "credit", text: func(a *attrs) *string { return &a.credit }},
	{name: "board", text: func(a *attrs) *string { return &a.board }, check: checkKey},
	{name: "key", text: func(a *attrs) *string { return &a.key }, check: checkInstrument},
	{name: "href", text: func(a *attrs) *string { return &a.href }, check: checkURL},
	{name: "at", number: func(a *attrs) *int64 { return &a.at }, min: 1, max: 1 << 53},
	{name: "stories", list: func(a *attrs) *[]string { return &a.stories }},
}

// markKinds are the marks of version 1, the outermost first, with the attribute that they must have.
var markKinds = []struct {
	kind, attr string
	check      func(string) error
}{
	{"link", "href", checkURL},
	{"instrument", "key", checkInstrument},
	{"strong", "", nil},
	{"em", "", nil},
}

// rank orders the marks of a run; unknown ones come last.
func (m mark) rank() int {
	for i, k := range markKinds {
		if m.raw == nil && k.kind == m.kind {
			return i
		}
	}
	return len(markKinds)
}
