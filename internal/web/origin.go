package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// An Origin is the site's public address: all links, redirects and cookies go by it, never by what a
// request says of itself.
type Origin struct {
	https bool
	host  string // as in a URL, with the port where it is not the scheme's own
	name  string // the host without its port, lower case
}

// ParseOrigin reads a public address such as "https://news.example" or "http://localhost:8080".
func ParseOrigin(s string) (Origin, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return Origin{}, fmt.Errorf("the public address %q is not a scheme and a host; write it like https://news.example", s)
	}
	o := Origin{https: u.Scheme == "https", host: strings.ToLower(u.Host), name: strings.ToLower(u.Hostname())}
	if strings.ContainsFunc(o.name, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		return Origin{}, fmt.Errorf("the public address %q has other letters than ASCII; write its host in the xn-- form", s)
	}
	if o.https {
		o.host = strings.TrimSuffix(o.host, ":443")
	} else {
		o.host = strings.TrimSuffix(o.host, ":80")
	}
	return o, nil
}

// String returns the address without a slash at its end.
func (o Origin) String() string {
	if o.https {
		return "https://" + o.host
	}
	return "http://" + o.host
}

// URL returns the whole address of a path that begins with a slash.
func (o Origin) URL(path string) string { return o.String() + path }

// HTTPS reports whether readers come over TLS.
func (o Origin) HTTPS() bool { return o.https }

// Loopback reports whether the address is this machine's own.
func (o Origin) Loopback() bool { return loopback(o.name) }

// Known reports whether a Host header means this site. The port does not matter: who sits behind another
// one says so. Where the origin is a loopback name, all loopback names are known.
func (o Origin) Known(host string) bool {
	name := host
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, ']') {
		name = name[:i]
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return strings.EqualFold(name, o.name) || o.Loopback() && loopback(name)
}

func loopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// CookieName returns the name that the cookie has here: with the prefix __Host- on https.
func (o Origin) CookieName(name string) string {
	if o.https {
		return "__Host-" + name
	}
	return name
}

// Cookie returns the value of a cookie that SetCookie set, or "".
func (o Origin) Cookie(r *http.Request, name string) string {
	c, err := r.Cookie(o.CookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// SetCookie sets a cookie for the whole site and only this host, Secure on https, SameSite=Lax unless c
// says Strict.
func (o Origin) SetCookie(w http.ResponseWriter, c http.Cookie) {
	c.Name, c.Path, c.Domain, c.Secure = o.CookieName(c.Name), "/", "", o.https
	if c.SameSite != http.SameSiteStrictMode {
		c.SameSite = http.SameSiteLaxMode
	}
	http.SetCookie(w, &c)
}
