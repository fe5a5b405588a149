package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"sokbo/internal/fault"
)

// What a request may bring.
const (
	MaxPath       = 2048 // bytes of a path, decoded
	MaxQuery      = 8192 // bytes of a query, as sent
	MaxParameters = 64   // in a query
	MaxCookies    = 64
)

var (
	errHost       = &refusal{http.StatusMisdirectedRequest, "unknown-host", "this server does not answer for that host name"}
	errAddress    = &refusal{http.StatusRequestURITooLong, "address-too-long", "the address is too long"}
	errParameters = &refusal{http.StatusBadRequest, "too-many-parameters", "the address has too many parameters"}
	errCookies    = &refusal{http.StatusRequestHeaderFieldsTooLarge, "too-many-cookies", "there are too many cookies; delete those of this site and try again"}
)

var errNoAddress = fault.New(fault.NotFound, "no-address", "there is nothing at this address")

// admit checks a request's host, limits and address. Where the address is not in its one form, to is the
// one to redirect to. It allocates nothing while all is well.
func (s *Server) admit(r *http.Request) (to string, err error) {
	if !s.o.Origin.Known(r.Host) {
		s.warnHost.Do(func() {
			s.log.Warn("refused a request for an unknown host (told once); behind a proxy, pass the Host header on or list the proxy in SOKBO_TRUSTED_PROXIES", "host", r.Host, "known", s.o.Origin.name)
		})
		return "", errHost
	}
	if len(r.URL.Path) > MaxPath || len(r.URL.RawQuery) > MaxQuery {
		return "", errAddress
	}
	if strings.Count(r.URL.RawQuery, "&") >= MaxParameters {
		return "", errParameters
	}
	cookies := 0
	for _, line := range r.Header["Cookie"] {
		cookies += 1 + strings.Count(line, ";")
	}
	if cookies > MaxCookies {
		return "", errCookies
	}
	to, ok := canonical(r.URL)
	if !ok {
		return "", errNoAddress
	}
	if to != "" && r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	return to, nil
}

// canonical returns the one address of what u names: "" where u is it already, or what to redirect to. It
// is not ok where no address can be meant.
func canonical(u *url.URL) (to string, ok bool) {
	p := u.Path
	if !strings.HasPrefix(p, "/") || !utf8.ValidString(p) || strings.ContainsFunc(p, forbidden) {
		return "", false
	}
	if raw := u.RawPath; raw != "" && (strings.Contains(raw, "%2F") || strings.Contains(raw, "%2f")) {
		return "", false
	}
	clean := path.Clean(p)
	if clean == p && u.RawPath == "" {
		return "", true
	}
	return (&url.URL{Path: clean}).EscapedPath(), true
}

func forbidden(c rune) bool { return c < 0x20 || c == 0x7f || c == '\\' }

var forwardedNames = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded"}

// forwarded makes a request that came through trusted proxies look as if it had come without them, and
// takes the headers away. From others they are lies or a proxy that is not listed.
func (s *Server) forwarded(r *http.Request) {
	found := false
	for _, name := range forwardedNames {
		found = found || len(r.Header[name]) > 0
	}
	if !found {
		return
	}
	if peer := Address(r); s.trusted(peer) {
		if addr := s.forwardedFor(r.Header["X-Forwarded-For"]); addr.IsValid() {
			r.RemoteAddr = netip.AddrPortFrom(addr, 0).String()
		}
		if host := last(r.Header["X-Forwarded-Host"]); host != "" {
			r.Host = host
		}
	} else {
		s.warnForwarded.Do(func() {
			s.log.Error("forwarded headers from a peer that is no trusted proxy are ignored (told once): all readers behind it count as one address; list it in SOKBO_TRUSTED_PROXIES", "peer", peer)
		})
	}
	for _, name := range forwardedNames {
		delete(r.Header, name)
	}
}

func (s *Server) trusted(addr netip.Addr) bool {
	for _, p := range s.o.Proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// forwardedFor returns the last address that no trusted proxy has, or where a broken entry stands, the
// last good one before it: each proxy vouches only for what it added.
func (s *Server) forwardedFor(header []string) (client netip.Addr) {
	rest := strings.Join(header, ",")
	for more := true; more; {
		var entry string
		if i := strings.LastIndexByte(rest, ','); i >= 0 {
			rest, entry = rest[:i], rest[i+1:]
		} else {
			rest, entry, more = "", rest, false
		}
		addr, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(entry), "[]"))
		if err != nil {
			return client
		}
		if client = addr.Unmap().WithZone(""); !s.trusted(client) {
			return client
		}
	}
	return client
}

// last returns the last element of a list header: the one that the nearest proxy wrote.
func last(header []string) string {
	if len(header) == 0 {
		return ""
	}
	line := header[len(header)-1]
	return strings.TrimSpace(line[strings.LastIndexByte(line, ',')+1:])
}

// Address returns the address of the client that sent r: the peer, or what trusted proxies say in its
// place. IPv4 in IPv6 is IPv4. It is the zero Addr where there is none, as on a pipe.
func Address(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// Network returns what limits count as one client: an IPv4 address, or the /64 of an IPv6 address.
func Network(addr netip.Addr) netip.Prefix {
	bits := 64
	if addr = addr.Unmap(); addr.Is4() {
		bits = 32
	}
	p, _ := addr.WithZone("").Prefix(bits) // fails only for the zero Addr, which is a network of its own
	return p
}
