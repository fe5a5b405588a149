// Package accept reads what a client says it can take, content codings and media types with their
// weights, and what it has already, as RFC 9110 12 and 13 have them. It allocates nothing.
package accept

import (
	"iter"
	"strings"
)

// Encoding is a content coding that Sokbo sends.
type Encoding uint8

// The codings in the order in which they are chosen between equal weights.
const (
	Brotli Encoding = iota
	Zstd
	Gzip
	Identity
	Encodings = iota // how many there are
)

var names = [Encodings]string{"br", "zstd", "gzip", "identity"}

// String returns the coding's registered name.
func (e Encoding) String() string { return names[e] }

// Negotiate returns the coding to answer with, given the values of a request's Accept-Encoding.
//
// The greatest weight wins, then the order of the constants. A coding that is neither named nor covered
// by "*" is not sent, except Identity, which is sent where nothing else is acceptable, even against
// "identity;q=0": the header is then disregarded, as RFC 9110 12.4.1 allows.
func Negotiate(header []string) Encoding {
	const unset = -1
	weights := [Encodings]int{unset, unset, unset, unset}
	star := unset
	for token, weight := range elements(header) {
		if token == "*" {
			star = max(star, weight)
			continue
		}
		for e, name := range names {
			if same(token, name) || e == int(Gzip) && same(token, "x-gzip") {
				weights[e] = max(weights[e], weight)
			}
		}
	}
	best, bestWeight := Identity, 0
	for e, weight := range weights {
		if weight == unset {
			weight = star
		}
		if weight > bestWeight {
			best, bestWeight = Encoding(e), weight
		}
	}
	return best
}

// JSON reports whether a request's Accept values prefer JSON to HTML: by weight, then by which is named
// more exactly. A client that takes both alike, or says nothing, gets HTML.
func JSON(header []string) bool {
	var json, html preference
	for token, weight := range elements(header) {
		switch {
		case token == "*/*":
			json.take(1, weight)
			html.take(1, weight)
		case same(token, "application/*"):
			json.take(2, weight)
		case same(token, "text/*"):
			html.take(2, weight)
		case same(token, "application/json"), same(token, "application/problem+json"):
			json.take(3, weight)
		case same(token, "text/html"), same(token, "application/xhtml+xml"):
			html.take(3, weight)
		}
	}
	if json.weight == html.weight {
		return json.weight > 0 && json.specific > html.specific
	}
	return json.weight > html.weight
}

// Has reports whether a request's If-None-Match values name etag, so that 304 answers it. The comparison
// is the weak one, as the header asks. An empty etag is never had.
func Has(header []string, etag string) bool {
	if etag == "" {
		return false
	}
	for _, rest := range header {
		for more := true; more; {
			var tag string
			tag, rest, more = strings.Cut(rest, ",")
			tag = strings.Trim(tag, " \t")
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// A preference is the weight that the most specific matching range gives.
type preference struct{ specific, weight int }

func (p *preference) take(specific, weight int) {
	if specific > p.specific || specific == p.specific && weight > p.weight {
		p.specific, p.weight = specific, weight
	}
}

// same compares tokens without regard to case. Tokens are ASCII: a letter that folds to an ASCII one is
// longer.
func same(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// elements yields the tokens of a comma-separated list with their weights in thousandths. An element
// with a broken weight is left out.
func elements(header []string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, rest := range header {
			for more := true; more; {
				var element string
				element, rest, more = strings.Cut(rest, ",")
				token, params, _ := strings.Cut(element, ";")
				weight, ok := quality(params)
				if token = strings.Trim(token, " \t"); token != "" && ok && !yield(token, weight) {
					return
				}
			}
		}
	}
}

// quality returns the q among an element's parameters in thousandths, 1000 where there is none.
func quality(params string) (weight int, ok bool) {
	for more := params != ""; more; {
		var param string
		param, params, more = strings.Cut(params, ";")
		name, value, _ := strings.Cut(param, "=")
		if same(strings.Trim(name, " \t"), "q") {
			return thousandths(strings.Trim(value, " \t"))
		}
	}
	return 1000, true
}

// thousandths reads a qvalue: 0 to 1 with at most three decimals.
func thousandths(s string) (n int, ok bool) {
	whole, decimals, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(decimals) > 3 {
		return 0, false
	}
	n = int(whole[0]-'0') * 1000
	scale := 100
	for i := range len(decimals) {
		if decimals[i] < '0' || decimals[i] > '9' {
			return 0, false
		}
		n += int(decimals[i]-'0') * scale
		scale /= 10
	}
	return n, n <= 1000
}
