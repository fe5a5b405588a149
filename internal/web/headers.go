package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// securityHeaders returns what every answer carries unless its handler sets it otherwise.
func securityHeaders(o Origin, csp CSP) []field {
	h := []field{
		{"Content-Security-Policy", []string{csp.String()}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Permissions-Policy", []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=()"}},
		{"Referrer-Policy", []string{"strict-origin-when-cross-origin"}},
		{"X-Content-Type-Options", []string{"nosniff"}},
	}
	if o.HTTPS() {
		h = append(h, field{"Strict-Transport-Security", []string{"max-age=63072000"}})
	}
	return h
}

// A CSP is the content security policy of public pages. It names inline scripts by hash, so that the
// bytes of a page can be the same for all; the zero value allows none.
type CSP struct {
	Scripts   []string // sources as ScriptHashes returns them
	Ancestors string   // frame-ancestors; "" is 'none'
	ReportURI string   // where browsers post what they refused; for tests
}

// String returns the policy as its header has it.
func (c CSP) String() string {
	ancestors := c.Ancestors
	if ancestors == "" {
		ancestors = "'none'"
	}
	policy := "default-src 'none'; script-src " + strings.Join(append([]string{"'self'"}, c.Scripts...), " ") +
		"; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'" +
		"; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors " + ancestors +
		"; require-trusted-types-for 'script'; trusted-types 'none'"
	if c.ReportURI != "" {
		policy += "; report-uri " + c.ReportURI
	}
	return policy
}

// ScriptHashes returns a source for each inline script in rendered HTML, in order and once each. Hash what
// is sent: html/template rewrites scripts. Blocks of data are no scripts.
func ScriptHashes(page []byte) []string {
	var hashes []string
	for z := html.NewTokenizer(bytes.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return hashes
		case html.StartTagToken:
			if t := z.Token(); t.Data != "script" || !inline(t.Attr) || z.Next() != html.TextToken {
				continue
			}
			sum := sha256.Sum256(bytes.ReplaceAll(z.Raw(), []byte("\r\n"), []byte("\n"))) // as a browser reads it
			if h := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !slices.Contains(hashes, h) {
				hashes = append(hashes, h)
			}
		}
	}
}

func inline(attributes []html.Attribute) bool {
	for _, a := range attributes {
		switch {
		case a.Key == "src":
			return false
		case a.Key == "type" && !slices.Contains([]string{"", "module", "text/javascript", "importmap", "speculationrules"}, strings.ToLower(a.Val)):
			return false
		}
	}
	return true
}
