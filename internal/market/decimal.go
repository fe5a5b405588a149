package market

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/govalues/decimal"

	"sokbo/internal/fault"
)

// Decimal is an exact decimal number of up to 19 digits. Prices, volumes and rates never pass through a
// binary fraction.
type Decimal = decimal.Decimal

// MaxDecimalText is the longest text that [ParseDecimal] reads, in bytes. The longest seen from an exchange
// had 27.
const MaxDecimalText = 64

// RateScale is the number of decimals of a change rate.
const RateScale = 8

// ParseDecimal reads a number as exchanges and printed pages write it: a JSON number or a JSON string with
// its quotes, with an exponent, a leading plus, no leading zero, padding with zeros or spaces, or commas
// between thousands. Everything else is refused with code "decimal". Digits after the nineteenth are rounded.
func ParseDecimal(text string) (Decimal, error) {
	if len(text) > MaxDecimalText {
		return Decimal{}, notDecimal(text[:MaxDecimalText] + "…")
	}
	digits := text
	if n := len(digits); n >= 2 && digits[0] == '"' && digits[n-1] == '"' {
		digits = digits[1 : n-1]
	}
	digits, ok := ungroup(strings.Trim(digits, " "))
	if !ok {
		return Decimal{}, notDecimal(text)
	}
	d, err := decimal.Parse(digits)
	if err != nil {
		return Decimal{}, notDecimal(text)
	}
	return d, nil
}

func notDecimal(text string) error {
	return fault.New(fault.Invalid, "decimal", "%q is not a decimal number; write digits with one point at most", text)
}

// ungroup takes the commas out of 1,234,567.8 and refuses those that do not stand between thousands.
func ungroup(s string) (string, bool) {
	if !strings.Contains(s, ",") {
		return s, true
	}
	whole, rest := s, ""
	if i := strings.IndexAny(s, ".eE"); i >= 0 {
		whole, rest = s[:i], s[i:]
	}
	if strings.Contains(rest, ",") {
		return "", false
	}
	sign := ""
	if whole != "" && (whole[0] == '-' || whole[0] == '+') {
		sign, whole = whole[:1], whole[1:]
	}
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if len(g) > 3 || len(g) == 0 || i > 0 && len(g) != 3 {
			return "", false
		}
	}
	return sign + strings.Join(groups, "") + rest, true
}

// Rate returns (price − base) ÷ base with [RateScale] decimals, rounded half away from zero. It is false
// where base is not positive and where the rate has more digits than a Decimal holds.
func Rate(price, base Decimal) (Decimal, bool) {
	if !base.IsPos() {
		return Decimal{}, false
	}
	p, b := aligned(price, base)
	return ratio(p.Sub(p, b), b)
}

// ratio divides by a positive number, as Rate does.
func ratio(a, b *big.Int) (Decimal, bool) {
	rate, ok := quotient(a.Mul(a, pow10(RateScale)), b)
	if !ok {
		return Decimal{}, false
	}
	d, err := decimal.New(rate, RateScale)
	return d, err == nil
}

// aligned returns both numbers as integers in units of the finer scale of the two.
func aligned(x, y Decimal) (*big.Int, *big.Int) {
	scale := max(x.Scale(), y.Scale())
	return units(x, scale), units(y, scale)
}

func units(d Decimal, scale int) *big.Int {
	n := new(big.Int).SetUint64(d.Coef())
	if d.IsNeg() {
		n.Neg(n)
	}
	return n.Mul(n, pow10(scale-d.Scale()))
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// quotient divides by a positive number and rounds half away from zero: ⌊(2|a| + b) ÷ 2b⌋ with a's sign.
func quotient(a, b *big.Int) (int64, bool) {
	n := new(big.Int).Abs(a)
	n.Lsh(n, 1).Add(n, b)
	n.Quo(n, new(big.Int).Lsh(b, 1))
	if a.Sign() < 0 {
		n.Neg(n)
	}
	return n.Int64(), n.IsInt64()
}

// mustDecimal is for numbers that this package writes down itself.
func mustDecimal(whole int64, scale int) Decimal {
	d, err := decimal.New(whole, scale)
	if err != nil {
		panic(fmt.Sprintf("market: %d with scale %d: %v", whole, scale, err))
	}
	return d
}
