package live

import (
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
)

// places counts the open streams, in all and by address.
type places struct {
	max, max4, max6 int

	taken atomic.Int64 // changed under mu
	mu    sync.Mutex
	by    map[netip.Prefix]int
}

// take gives a place to a stream from a. The prefix is for give.
func (p *places) take(a netip.Addr, desk bool) (netip.Prefix, bool) {
	network, most := p.network(a)
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.max - p.count()
	if !desk {
		free -= p.max / deskShare
	}
	if free <= 0 || network.IsValid() && p.by[network] >= most {
		return netip.Prefix{}, false
	}
	p.taken.Add(1)
	if network.IsValid() {
		p.by[network]++
	}
	return network, true
}

func (p *places) give(network netip.Prefix) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken.Add(-1)
	if !network.IsValid() {
		return
	}
	if p.by[network]--; p.by[network] == 0 {
		delete(p.by, network)
	}
}

func (p *places) count() int { return int(p.taken.Load()) }

// network returns what a counts as, and how many places that has. An IPv6 reader owns a whole /64.
func (p *places) network(a netip.Addr) (netip.Prefix, int) {
	a = a.Unmap().WithZone("")
	switch {
	case a.Is4():
		return netip.PrefixFrom(a, 32), p.max4
	case a.Is6():
		prefix, _ := a.Prefix(64) // 64 bits fit
		return prefix, p.max6
	}
	return netip.Prefix{}, 0
}

func remoteAddress(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero address where there is none, as on a pipe
	return a.Addr()
}
