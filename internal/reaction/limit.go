package reaction

import (
	"net/netip"
	"time"

	"sokbo/internal/db"
)

// MaxWindows is how many pairs of address and story the limit on new readers remembers, about 150 bytes each.
// Beyond it the oldest pair is forgotten: to be forgotten early costs an abuser that many accepted reactions.
const MaxWindows = 65536

const window = time.Hour

// A source is where new readers of one story come from: one address, or one /64 of IPv6.
type source struct {
	network netip.Prefix
	story   db.ID
}

// network cuts an address to what the limit holds responsible. An address that is not known is a network too.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// windows counts the new readers of each source in the hour that began with its first one.
// All windows are equally long, so they end in the order in which they began.
type windows struct {
	max   int
	open  map[source]*opened
	order []source // the same, oldest first
}

type opened struct {
	at   time.Time
	n    int
	told bool // that it is full, to the log
}

func newWindows(max int) windows { return windows{max: max, open: make(map[source]*opened)} }

// shut forgets the windows that are over.
func (w *windows) shut(now time.Time) {
	for len(w.order) > 0 && now.Sub(w.open[w.order[0]].at) >= window {
		w.forget()
	}
}

func (w *windows) forget() {
	delete(w.open, w.order[0])
	w.order = w.order[1:]
}

// count returns how many new readers a source has had in its window, and when the window ends.
func (w *windows) count(s source, now time.Time) (n int, ends time.Time) {
	if o := w.open[s]; o != nil {
		return o.n, o.at.Add(window)
	}
	return 0, now.Add(window)
}

// add counts n new readers of a source.
func (w *windows) add(s source, n int, now time.Time) {
	o := w.open[s]
	if o == nil {
		if len(w.order) >= w.max {
			w.forget()
		}
		o = &opened{at: now}
		w.open[s] = o
		w.order = append(w.order, s)
	}
	o.n += n
}

// tell reports whether this is the first time that a source's window is found full.
func (w *windows) tell(s source) bool {
	o := w.open[s]
	if o == nil || o.told {
		return false
	}
	o.told = true
	return true
}
