package ingest

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"

	"sokbo/internal/fault"
)

// MaxPage is the most bytes that a saved page may have.
const MaxPage = 4 << 20

// decode returns the text of a saved file: UTF-8 with or without byte order mark, UTF-16 with one, or EUC-KR with
// the extension of CP949. Line breaks come out as \n, every sort of space as a plain one.
//
// Anything else is a fault that names what was found: the page must not come in half or garbled.
func decode(b []byte) (string, error) {
	if len(b) > MaxPage {
		return "", fault.New(fault.TooLarge, "page-size", "the page has %d bytes; at most %d are possible", len(b), MaxPage)
	}
	s, err := toUTF8(b)
	if err != nil {
		return "", err
	}
	if markup.MatchString(s[:min(len(s), 4096)]) {
		return "", fault.New(fault.Invalid, "page-html", "the page is HTML, which cannot be read yet; save it as text, for example with w3m -dump, and import that")
	}
	s = newlines.Replace(s)
	line := 1
	for _, r := range s {
		switch {
		case r == '\n':
			line++
		case r == '\t':
		case unicode.IsControl(r):
			return "", fault.New(fault.Invalid, "page-control", "line %d holds the control character %U; remove it and import again", line, r)
		case r&0xfffe == 0xfffe:
			return "", fault.New(fault.Invalid, "page-control", "line %d holds %U, which is not a character; remove it and import again", line, r)
		}
	}
	s = spaces.Replace(s)
	if strings.TrimSpace(s) == "" {
		return "", fault.New(fault.Invalid, "page-empty", "the page has no text; save it again and import that")
	}
	return s, nil
}

var (
	markup   = regexp.MustCompile(`(?i)<(?:!doctype|html|head|body|meta|script|div|p|span|article|table)\b[^<]*>`)
	newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")
	// Spaces that text browsers keep from the page, and marks that nobody sees.
	spaces = strings.NewReplacer("\u00a0", " ", "\u3000", " ", "\u2002", " ", "\u2003", " ", "\u2009", " ", "\u202f", " ",
		"\u200b", "", "\u2060", "", "\ufeff", "", "\u00ad", "")
)

const encodingAdvice = "save it as UTF-8 and import again"

func toUTF8(b []byte) (string, error) {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		b = b[3:]
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return fromUTF16(b[2:], binary.LittleEndian)
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return fromUTF16(b[2:], binary.BigEndian)
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return "", fault.New(fault.Invalid, "page-encoding", "line %d holds a zero byte: this is no text, or UTF-16 without its mark; %s", lineOf(b, i), encodingAdvice)
	}
	if utf8.Valid(b) {
		return string(b), nil
	}
	good, bad, first := measure(b)
	if s, ok := fromCP949(b); ok && bad > 4*good {
		return s, nil
	}
	return "", fault.New(fault.Invalid, "page-encoding", "line %d is neither UTF-8 nor EUC-KR; %s", lineOf(b, first), encodingAdvice)
}

func lineOf(b []byte, i int) int { return 1 + bytes.Count(b[:i], []byte("\n")) }

// measure counts the Hangul syllables that b holds as UTF-8, and the bytes that are not UTF-8, and finds the first
// of these. Of Korean in CP949 only a byte in hundreds reads as UTF-8 Hangul by chance; in a damaged UTF-8 file
// most still do.
func measure(b []byte) (good, bad, first int) {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			if bad++; bad == 1 {
				first = i
			}
		case unicode.Is(unicode.Hangul, r):
			good++
		}
		i += n
	}
	return good, bad, first
}

// fromCP949 decodes b and says whether it looks like Korean: its pairs of bytes are mostly the syllables that all
// Korean text is made of. Japanese and Latin encodings come out as letters, Hanja and rare syllables.
func fromCP949(b []byte) (string, bool) {
	out, err := korean.EUCKR.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(out, utf8.RuneError) {
		return "", false
	}
	common, other := 0, 0
	for i := 0; i+1 < len(b); i++ {
		lead, trail := b[i], b[i+1]
		if lead < 0x80 {
			continue
		}
		i++
		switch {
		case lead >= 0xb0 && lead <= 0xc8 && trail >= 0xa1:
			common++
		case lead >= 0xa1 && lead <= 0xac && lead != 0xa4 && trail >= 0xa1:
			// signs and foreign letters
		default:
			other++
		}
	}
	return string(out), common > 2*other
}

func fromUTF16(b []byte, order binary.ByteOrder) (string, error) {
	bad := func(units int) error {
		return fault.New(fault.Invalid, "page-encoding", "the page is marked as UTF-16 and is damaged after %d characters; %s", units, encodingAdvice)
	}
	if len(b)%2 != 0 {
		return "", bad(len(b) / 2)
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	var s strings.Builder
	s.Grow(len(b))
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) {
			next := rune(0)
			if i+1 < len(units) {
				next = rune(units[i+1])
			}
			if r = utf16.DecodeRune(r, next); r == unicode.ReplacementChar {
				return "", bad(i)
			}
			i++
		}
		s.WriteRune(r)
	}
	return s.String(), nil
}
