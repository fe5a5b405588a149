package market

import (
	"strings"
)

// Direction is the way of a change, from its rounded value: what is shown as 0.00% is flat.
type Direction string

const (
	Up      Direction = "up"
	Down    Direction = "down"
	Flat    Direction = "flat"
	Unknown Direction = "none"
)

// Minus is the sign that readers see; figures in JSON have the ASCII one.
const Minus = "−"

// Arrow is ▲ or ▼, and "" for a price that stands or whose change is not known.
func (d Direction) Arrow() string {
	switch d {
	case Up:
		return "▲"
	case Down:
		return "▼"
	}
	return ""
}

// FormatPrice groups the whole part of a decimal text by commas and leaves its decimals as they are:
// 90,769,000 and 93.70. A text that is no decimal number comes back unchanged, "" too.
func FormatPrice(price string) string {
	digits, sign := price, ""
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		digits, sign = rest, Minus
	}
	whole, fraction := digits, ""
	if i := strings.IndexByte(digits, '.'); i >= 0 {
		whole, fraction = digits[:i], digits[i:]
	}
	if !allDigits(whole) || fraction != "" && !allDigits(fraction[1:]) {
		return price
	}
	return sign + group(whole) + fraction
}

// FormatChange is FormatPrice with a sign in front, except for zero: +1,850,000 and −0.3.
func FormatChange(change string) string {
	text := FormatPrice(change)
	if text == "" || strings.HasPrefix(change, "-") || !strings.ContainsAny(text, "123456789") {
		return text
	}
	return "+" + text
}

// FormatRate shows a ratio as a percentage with two decimals, rounded half away from zero on the decimal
// itself, and its direction: "0.02080545" is +2.08% and up, "-0.00004" is 0.00% and flat. Where the rate is
// not known ("") or is no decimal number the text is "" and the direction [Unknown].
func FormatRate(rate string) (string, Direction) {
	ratio, err := ParseDecimal(rate)
	if err != nil {
		return "", Unknown
	}
	a, b := aligned(ratio, mustDecimal(1, 4))
	hundredths, ok := quotient(a, b)
	if !ok {
		return "", Unknown
	}
	percent := mustDecimal(hundredths, 2)
	digits := FormatPrice(percent.Abs().String()) + "%"
	switch percent.Sign() {
	case 1:
		return "+" + digits, Up
	case -1:
		return Minus + digits, Down
	}
	return digits, Flat
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func group(digits string) string {
	first := (len(digits)-1)%3 + 1
	var b strings.Builder
	b.Grow(len(digits) + len(digits)/3)
	b.WriteString(digits[:first])
	for i := first; i < len(digits); i += 3 {
		b.WriteByte(',')
		b.WriteString(digits[i : i+3])
	}
	return b.String()
}
