package page

import (
	"math"
	"slices"
)

// never is a moment that does not come.
const never = math.MaxInt64

// maxRemembered bounds the tags that the ledger remembers one by one.
const maxRemembered = 4096

// A ledger knows what was dropped since a rendering began, and what will be. Each drop begins a new
// generation; a rendering notes the generation before its first query.
type ledger struct {
	generation uint64
	dropped    map[string]uint64 // tag → the generation that its last drop began
	floor      uint64            // for renderings of earlier generations the answer is always: dropped

	moments map[int64][]string // due, in milliseconds → tags
	fired   int64              // the latest moment that has come
}

func newLedger() ledger {
	return ledger{dropped: map[string]uint64{}, moments: map[int64][]string{}, fired: math.MinInt64}
}

// record begins a generation by dropping tags.
func (l *ledger) record(tags []string) {
	l.generation++
	if len(l.dropped)+len(tags) > maxRemembered {
		clear(l.dropped)
		l.floor = l.generation
		return
	}
	for _, tag := range tags {
		l.dropped[tag] = l.generation
	}
}

// reset begins a generation by dropping everything.
func (l *ledger) reset() {
	l.generation++
	l.floor = l.generation
	clear(l.dropped)
}

// standing reports whether what carries tags, and was rendered from a state noted at generation and at
// begun by the clock, is still right. A clock before a moment that has come already was set back: what it
// makes visible would be kept without anything left to drop it, so it is not kept.
func (l *ledger) standing(generation uint64, begun int64, tags []string) bool {
	if generation < l.floor || begun < l.fired {
		return false
	}
	return !slices.ContainsFunc(tags, func(tag string) bool { return l.dropped[tag] > generation })
}

func (l *ledger) schedule(due int64, tags []string) {
	for _, tag := range tags {
		if !slices.Contains(l.moments[due], tag) {
			l.moments[due] = append(l.moments[due], tag)
		}
	}
}

// due takes the moments that have come and returns their tags.
func (l *ledger) due(now int64) []string {
	var tags []string
	for due, more := range l.moments {
		if due <= now {
			tags = append(tags, more...)
			delete(l.moments, due)
			l.fired = max(l.fired, due)
		}
	}
	return tags
}

func (l *ledger) nextDue() int64 {
	next := int64(never)
	for due := range l.moments {
		next = min(next, due)
	}
	return next
}
