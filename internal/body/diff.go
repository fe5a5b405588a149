package body

import (
	"slices"
	"sort"
)

// Op says what became of a part.
type Op uint8

const (
	Same Op = iota
	Added
	Removed
	Changed // of a block only
)

func (o Op) String() string { return [...]string{"same", "added", "removed", "changed"}[o] }

// BlockDiff is what became of one block.
type BlockDiff struct {
	Op   Op
	Kind string
	// ID is the block's in the new text, and in the old one where the block was removed.
	ID string
	// OldID is the block's in the old text; it is empty where the block was added, and differs from ID where two
	// blocks were paired because they read alike.
	OldID string
	// Moved says that the block stood at another place among those that both texts have.
	Moved bool
	// Markup says that the words stayed and the marks, addresses, picture, kind or place in a list changed.
	Markup bool
	// Spans are the words. Those that are not Added make the old text, those that are not Removed the new one.
	Spans []Span
}

// Diff compares two versions of a text: blocks by their id, or else by how they read, then words. All blocks of
// the new text come in their order; removed ones stand where they stood.
//
// It takes time in proportion to the texts; where that would not be enough for the best answer the answer is
// coarser.
func Diff(old, new Doc) []BlockDiff {
	a, b := old.Blocks(), new.Blocks()
	from, moved := match(a, b)

	gone := make([]bool, len(a))
	for i := range gone {
		gone[i] = true
	}
	for _, i := range from {
		if i >= 0 {
			gone[i] = false
		}
	}
	var all []BlockDiff
	at := 0 // in a
	removed := func(end int) {
		for ; at < end; at++ {
			if gone[at] {
				all = append(all, BlockDiff{Op: Removed, Kind: a[at].Kind, ID: a[at].ID, OldID: a[at].ID, Spans: spans(Removed, a[at].Text)})
			}
		}
	}
	stands := standing(from, moved, len(a))
	for j, blk := range b {
		if from[j] < 0 || !moved[j] {
			removed(stands[j])
		}
		i := from[j]
		if i < 0 {
			all = append(all, BlockDiff{Op: Added, Kind: blk.Kind, ID: blk.ID, Spans: spans(Added, blk.Text)})
			continue
		}
		if !moved[j] {
			at = i + 1
		}
		d := BlockDiff{Kind: blk.Kind, ID: blk.ID, OldID: a[i].ID, Moved: moved[j]}
		d.Spans = DiffText(a[i].Text, blk.Text)
		d.Markup = a[i].Text == blk.Text && a[i].form != blk.form
		if d.Markup || a[i].Text != blk.Text {
			d.Op = Changed
		}
		all = append(all, d)
	}
	removed(len(a))
	return all
}

// standing says for each block of the new text where in the old one the next stood that has not moved.
func standing(from []int, moved []bool, end int) []int {
	next := make([]int, len(from))
	for j := len(from) - 1; j >= 0; j-- {
		if from[j] >= 0 && !moved[j] {
			end = from[j]
		}
		next[j] = end
	}
	return next
}

func spans(op Op, s string) []Span {
	if s == "" {
		return nil
	}
	return []Span{{op, s}}
}

// Rekey returns new with the ids of old for the blocks that are alike, so that a text which came again from
// elsewhere is told block by block from the one before. A text that only changed its ids comes out as old.
func Rekey(old, new Doc) Doc {
	a, b := blocksWithID(old), blocksWithID(new)
	from, _ := match(a, b)
	ids, taken := map[string]string{}, map[string]bool{}
	for j, i := range from {
		if i >= 0 && a[i].ID != "" {
			ids[b[j].ID] = a[i].ID
			taken[a[i].ID] = true
		}
	}
	for _, blk := range b {
		if _, paired := ids[blk.ID]; paired || blk.ID == "" {
			continue
		}
		id := blk.ID
		for taken[id] {
			id = idOf(id + "again")
		}
		ids[blk.ID], taken[id] = id, true
	}
	return Doc{v: new.v, content: rekeyed(new.content, ids)}
}

func rekeyed(nodes []Node, ids map[string]string) []Node {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		if n.raw == nil && n.attrs.id != "" {
			n.attrs.id = ids[n.attrs.id]
			n.content = rekeyed(n.content, ids)
		}
		out[i] = n
	}
	return out
}

// blocksWithID returns every node that has an id to give away, containers and cells too. Those of unknown kinds
// keep theirs: they are never rewritten.
func blocksWithID(d Doc) []Block {
	var all []Block
	var visit func(nodes []Node, path string)
	visit = func(nodes []Node, path string) {
		for _, n := range nodes {
			if n.raw != nil || n.attrs.id == "" {
				continue
			}
			text := n.own()
			if n.container() {
				text = Doc{content: n.content}.Text()
			}
			all = append(all, Block{n.attrs.id, n.kind, text, path})
			visit(n.content, path+n.kind+"/")
		}
	}
	visit(d.content, "")
	return all
}

// Bounds on the search for blocks that read alike.
const (
	maxAlike = 64  // blocks on either side of one gap; in longer gaps only equal ones are paired
	alike    = 0.5 // share of the words that both have
)

// match says for each block of b which one of a it was, or -1, and whether it moved.
func match(a, b []Block) (from []int, moved []bool) {
	from, moved = make([]int, len(b)), make([]bool, len(b))
	index := map[string]int{}
	for i, blk := range a {
		if blk.ID != "" {
			index[blk.ID] = i
		}
	}
	var positions, places []int
	taken := make([]bool, len(a))
	for j, blk := range b {
		from[j] = -1
		if i, ok := index[blk.ID]; ok && blk.ID != "" && !taken[i] {
			from[j], taken[i] = i, true
			positions, places = append(positions, i), append(places, j)
		}
	}
	// The longest run in common order stands; the others moved.
	stands := make([]bool, len(b))
	for _, k := range increasing(positions) {
		stands[places[k]] = true
	}
	for _, j := range places {
		moved[j] = !stands[j]
	}
	i0, j0 := 0, 0
	for j := 0; j <= len(b); j++ {
		if j < len(b) && !stands[j] {
			continue
		}
		i := len(a)
		if j < len(b) {
			i = from[j]
		}
		pair(a, b, i0, i, j0, j, from, taken)
		i0, j0 = i+1, j+1
	}
	return from, moved
}

// pair finds in one gap the blocks that are equal, and between those the ones that read alike.
func pair(a, b []Block, i0, i1, j0, j1 int, from []int, taken []bool) {
	var free, open []int
	for i := i0; i < i1; i++ {
		if !taken[i] {
			free = append(free, i)
		}
	}
	for j := j0; j < j1; j++ {
		if from[j] < 0 {
			open = append(open, j)
		}
	}
	if len(free) == 0 || len(open) == 0 {
		return
	}
	places := map[[2]string][]int{}
	for k, i := range free {
		key := [2]string{a[i].Kind, a[i].Text}
		places[key] = append(places[key], k)
	}
	k, o := 0, 0
	for p, j := range open {
		here := places[[2]string{b[j].Kind, b[j].Text}]
		n := sort.SearchInts(here, k)
		if n == len(here) {
			continue
		}
		pairAlike(a, b, free[k:here[n]], open[o:p], from, taken)
		from[j], taken[free[here[n]]] = free[here[n]], true
		k, o = here[n]+1, p+1
	}
	pairAlike(a, b, free[k:], open[o:], from, taken)
}

func pairAlike(a, b []Block, free, open []int, from []int, taken []bool) {
	if len(free) > maxAlike || len(open) > maxAlike {
		return
	}
	words := make([]map[string]int, len(free))
	for k, i := range free {
		words[k] = bag(a[i].Text)
	}
	next := 0
	for _, j := range open {
		w := bag(b[j].Text)
		best, place := alike, -1
		for k := next; k < len(free); k++ {
			if a[free[k]].Kind != b[j].Kind {
				continue
			}
			if s := similarity(words[k], w); s >= best && (place < 0 || s > best) {
				best, place = s, k
			}
		}
		if place >= 0 {
			from[j], taken[free[place]] = free[place], true
			next = place + 1
		}
	}
}

func bag(s string) map[string]int {
	m := map[string]int{}
	for _, w := range words(s) {
		if weight(w) == wordWeight {
			m[w]++
		}
	}
	return m
}

// similarity is the share of words in common, from 0 to 1.
func similarity(a, b map[string]int) float64 {
	common, all := 0, 0
	for w, n := range a {
		common += min(n, b[w])
		all += n
	}
	for _, n := range b {
		all += n
	}
	if all == 0 {
		return 0
	}
	return 2 * float64(common) / float64(all)
}

// increasing returns the indexes of a longest increasing run of x, which holds no number twice.
func increasing(x []int) []int {
	var tails []int // tails[k] is the index of the smallest end of a run of length k+1
	before := make([]int, len(x))
	for i, v := range x {
		k := sort.Search(len(tails), func(k int) bool { return x[tails[k]] >= v })
		before[i] = -1
		if k > 0 {
			before[i] = tails[k-1]
		}
		if k == len(tails) {
			tails = append(tails, i)
		} else {
			tails[k] = i
		}
	}
	var run []int
	if len(tails) > 0 {
		for i := tails[len(tails)-1]; i >= 0; i = before[i] {
			run = append(run, i)
		}
	}
	slices.Reverse(run)
	return run
}
