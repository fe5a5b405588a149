package body

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sokbo/internal/fault"
)

// NFC returns s in normal form C. Characters that are only another spelling of one single character stay as
// typed: a compatibility Hanja such as U+F9D3 is chosen for its sound or its shape, and a name must not change.
func NFC(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	start := 0
	for i, r := range s {
		if r < utf8.RuneSelf || !singleton(r) {
			continue
		}
		b.WriteString(norm.NFC.String(s[start:i]))
		b.WriteRune(r)
		start = i + utf8.RuneLen(r)
	}
	b.WriteString(norm.NFC.String(s[start:]))
	return b.String()
}

// singleton says whether the normal form of r is one other character.
func singleton(r rune) bool {
	c := norm.NFC.String(string(r))
	first, size := utf8.DecodeRuneInString(c)
	return size == len(c) && first != r && r != utf8.RuneError
}

// Line returns s as a line of text is stored: in normal form and without space around it. Text that is not
// UTF-8 or holds a control character, a line break too, is a fault with code "body-text".
func Line(s string) (string, error) {
	s = strings.TrimSpace(s)
	if err := checkText(s); err != nil {
		return "", err
	}
	return NFC(s), nil
}

func checkText(s string) error {
	if !utf8.ValidString(s) {
		return fault.New(fault.Invalid, "body-text", "the text is not valid UTF-8")
	}
	for _, r := range s {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return fault.New(fault.Invalid, "body-text", "the text holds the control character %U; remove it", r)
		case r == '\ufeff', r&0xfffe == 0xfffe:
			return fault.New(fault.Invalid, "body-text", "the text holds %U, which is not a character; remove it", r)
		}
	}
	return nil
}

// IsURL says whether a link may lead to s: an absolute address with the scheme http, https, mailto or tel, with a
// host where the scheme has one, without user name, and without characters that browsers and Go read differently.
func IsURL(s string) bool { return checkURL(s) == nil }

func checkURL(s string) error {
	bad := func(why string) error {
		return fault.New(fault.Invalid, "body-link", "the address %.100q %s", s, why)
	}
	if len(s) > MaxURL {
		return fault.New(fault.Invalid, "body-link", "an address has %d bytes; at most %d are possible", len(s), MaxURL)
	}
	for _, r := range s {
		// Browsers read a backslash as a slash: "https://a.example\@b.example" leads to another host than Go says.
		if r <= ' ' || r == '\\' || r == utf8.RuneError || unicode.IsControl(r) || unicode.IsSpace(r) {
			return bad("holds a space, a backslash or a control character; write it percent-encoded")
		}
	}
	u, err := url.Parse(s)
	if err != nil {
		return bad("cannot be read; look for a typing error")
	}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" {
			return bad("names no host")
		}
		if u.User != nil {
			return bad("holds a user name; leave it out")
		}
	case "mailto", "tel":
		if u.Opaque == "" {
			return bad("says nobody to write to or call")
		}
	default:
		return bad("does not begin with http:, https:, mailto: or tel:")
	}
	return nil
}

const idLength = 8

func checkID(s string) error {
	if len(s) != idLength || !all(s, func(c byte) bool { return alnum(c) || c == '-' || c == '_' }) {
		return fault.New(fault.Invalid, "body-id", "%.40q is not a block id: it has eight letters and digits", s)
	}
	return nil
}

// checkKey takes names that stand in addresses: of pictures and boards.
func checkKey(s string) error {
	if len(s) > 100 || !all(s, func(c byte) bool { return alnum(c) || c == '-' || c == '_' || c == '.' }) {
		return fault.New(fault.Invalid, "body-schema", "%.40q is not a name of a picture or board", s)
	}
	return nil
}

// checkInstrument takes an operator's key of an instrument.
func checkInstrument(s string) error {
	upper := func(c byte) bool { return alnum(c) && (c < 'a' || c > 'z') }
	if len(s) == 0 || len(s) > 16 || !upper(s[0]) || !all(s, func(c byte) bool { return upper(c) || c == '-' || c == '.' }) {
		return fault.New(fault.Invalid, "body-schema", "%.40q is not a key of an instrument: at most 16 capitals, digits, points and hyphens", s)
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fault.New(fault.Invalid, "body-schema", "%.40q is none of %s", s, strings.Join(words, ", "))
		}
		return nil
	}
}

func alnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
