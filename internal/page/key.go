package page

import (
	"net/http"
	"net/url"
	"strings"

	"sokbo/internal/accept"
)

// A key is all that an answer depends on.
type key struct {
	host     string // lower case, without port
	path     string // decoded
	query    string // listed names in the order of Options.Query, escaped
	encoding accept.Encoding
}

func (c *Cache) key(r *http.Request) key {
	return key{
		host:     hostname(r.Host),
		path:     r.URL.Path,
		query:    c.listed(r.URL.RawQuery),
		encoding: accept.Negotiate(r.Header["Accept-Encoding"]),
	}
}

// kept returns k without a hold on the memory of its request, and whether a page may be kept under it.
func (k key) kept() (key, bool) {
	if len(k.path)+len(k.query) > MaxKeyBytes {
		return k, false
	}
	k.host, k.path, k.query = strings.Clone(k.host), strings.Clone(k.path), strings.Clone(k.query)
	return k, true
}

func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return strings.ToLower(host)
}

// listed returns the query in its one form: the listed names with their first values, empty ones left out.
func (c *Cache) listed(raw string) string {
	if raw == "" || len(c.query) == 0 {
		return ""
	}
	var b strings.Builder
	for _, name := range c.query {
		if value := first(raw, name); value != "" {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(name))
			b.WriteByte('=')
			b.WriteString(url.QueryEscape(value))
		}
	}
	return b.String()
}

// first returns the first value of name, as url.Values.Get does, without parsing all others.
func first(raw, name string) string {
	for more := true; more; {
		var pair string
		pair, raw, more = strings.Cut(raw, "&")
		k, v, _ := strings.Cut(pair, "=")
		if strings.Contains(pair, ";") || k != name && !strings.ContainsAny(k, "%+") {
			continue
		}
		k, err := url.QueryUnescape(k)
		if err != nil || k != name {
			continue
		}
		if v, err = url.QueryUnescape(v); err == nil {
			return v
		}
	}
	return ""
}

// bare returns the request that a rendering is given: of r only what k holds, and the path values. It
// shares no memory with r, so that an alive page does not keep a reader's request.
func bare(r *http.Request, k key) *http.Request {
	k.host, k.path, k.query = strings.Clone(k.host), strings.Clone(k.path), strings.Clone(k.query)
	u := &url.URL{Path: k.path, RawQuery: k.query}
	b := &http.Request{
		Method: http.MethodGet, URL: u, RequestURI: u.RequestURI(), Host: k.host, Pattern: r.Pattern,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody,
	}
	for rest := r.Pattern; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			return b
		}
		var name string
		name, rest, _ = strings.Cut(after, "}")
		if name = strings.TrimSuffix(name, "..."); name != "$" {
			b.SetPathValue(name, strings.Clone(r.PathValue(name)))
		}
	}
}
