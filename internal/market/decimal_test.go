package market_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sokbo/internal/fault"
	"sokbo/internal/market"
)

func TestParseDecimalIsTolerant(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// Seen on the wire.
		{"1.4E-7", "0.00000014"},
		{"8.428e-05", "0.00008428"},
		{`"148737000.00000000"`, "148737000.00000000"},
		{"-160,000", "-160000"},
		{`"-160,000"`, "-160000"},
		{"-.61", "-0.61"},
		{".2", "0.2"},
		{"-00.70", "-0.70"},
		{"+12000", "12000"},
		{"1.76373410121466379999997512", "1.763734101214663800"},
		{"90,769,000", "90769000"},
		{"1,234.5", "1234.5"},
		{"  813 ", "813"},
		{"000123", "123"},
		{"5.", "5"},
		{"0", "0"},
		{"-0", "0"},
		{"1e3", "1000"},
		{"+999,999e-2", "9999.99"},
	} {
		got, err := market.ParseDecimal(c.in)
		if err != nil || got.String() != c.want {
			t.Errorf("ParseDecimal(%q) = %s, %v; want %s", c.in, got, err, c.want)
		}
	}
}

func TestParseDecimalRefusesTheRest(t *testing.T) {
	for _, in := range []string{
		"", " ", `""`, `"`, "-", "+", ".", "NaN", "Infinity", "-inf", "null", "0x10", "1_000", "1..2", "1.2.3",
		"1,23", "12,34,567", ",123", "1,,234", "1,234,", "1.234,567", "1e1,000", "1e", "e5", "--1", "+-1", "1 2",
		"１２３", "1\n", "\t1", `"1`, `1"`, `""1""`, "12345678901234567890", "1e400",
		strings.Repeat("1", market.MaxDecimalText+1), "0." + strings.Repeat("0", market.MaxDecimalText),
	} {
		if got, err := market.ParseDecimal(in); fault.CodeOf(err) != "decimal" || fault.KindOf(err) != fault.Invalid {
			t.Errorf("ParseDecimal(%q) = %s, %v; want an Invalid fault with code decimal", in, got, err)
		}
	}
	longest := "1." + strings.Repeat("0", market.MaxDecimalText-2)
	if got, err := market.ParseDecimal(longest); err != nil || !got.IsOne() {
		t.Errorf("ParseDecimal of %d bytes = %s, %v", len(longest), got, err)
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"1.4E-7", "-160,000", `"-.61"`, "+1,234.5e-3", "0", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := market.ParseDecimal(s)
		if err != nil {
			return
		}
		// What is taken is a number for others too, and it is the same one to 19 digits.
		plain := strings.ReplaceAll(strings.Trim(strings.Trim(s, `"`), " "), ",", "")
		want, ok := new(big.Rat).SetString(plain)
		if !ok {
			t.Fatalf("ParseDecimal(%q) = %s, but it is no number", s, d)
		}
		got, _ := new(big.Rat).SetString(d.String())
		off := new(big.Rat).Sub(got, want)
		if off.Abs(off).Cmp(ulp(d.Scale())) > 0 {
			t.Fatalf("ParseDecimal(%q) = %s", s, d)
		}
		again, err := market.ParseDecimal(d.String())
		if err != nil || !again.Equal(d) {
			t.Fatalf("ParseDecimal(%q) = %s, and again %s, %v", s, d, again, err)
		}
	})
}

func ulp(scale int) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

// exactRate is the change rate as a fraction says it: rounded half away from zero at eight decimals.
func exactRate(price, base *big.Rat) string {
	r := new(big.Rat).Sub(price, base)
	r.Quo(r, base)
	sign := ""
	if r.Sign() < 0 {
		sign = "-"
		r.Neg(r)
	}
	r.Mul(r, big.NewRat(100_000_000, 1)).Add(r, big.NewRat(1, 2))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if n.Sign() == 0 {
		sign = ""
	}
	digits := n.String()
	for len(digits) < 9 {
		digits = "0" + digits
	}
	return sign + digits[:len(digits)-8] + "." + digits[len(digits)-8:]
}

func rat(t testing.TB, d market.Decimal) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		t.Fatalf("%s is no number", d)
	}
	return r
}

func TestRateIsExact(t *testing.T) {
	for _, c := range []struct{ price, base, want string }{
		{"90769000", "88919000", "0.02080545"}, // as in the contract
		{"3", "2", "0.50000000"},
		{"2", "3", "-0.33333333"},
		{"100000000.5", "100000000", "0.00000001"},  // 0.000000005: away from zero
		{"99999999.5", "100000000", "-0.00000001"},  // and below it
		{"100000000.49", "100000000", "0.00000000"}, //
		{"99999999.51", "100000000", "0.00000000"},  // never -0
		{"0.00000001", "0.00000003", "-0.66666667"},
		{"9999999999999999999", "3", "3333333333333333332.00000000"},
	} {
		got, ok := market.Rate(dec(t, c.price), dec(t, c.base))
		if want := len(c.want) < 20; ok != want {
			t.Errorf("Rate(%s, %s) = %s, %t; want %t", c.price, c.base, got, ok, want)
		} else if ok && got.Pad(market.RateScale).String() != c.want {
			t.Errorf("Rate(%s, %s) = %s, want %s", c.price, c.base, got, c.want)
		}
	}
	for _, base := range []string{"0", "-1"} {
		if _, ok := market.Rate(dec(t, "5"), dec(t, base)); ok {
			t.Errorf("Rate against %s is known", base)
		}
	}
	number := rapid.Custom(func(r *rapid.T) market.Decimal {
		digits := rapid.Int64Range(1, 9_999_999_999).Draw(r, "digits")
		scale := rapid.IntRange(0, 12).Draw(r, "scale")
		return dec(t, big.NewInt(digits).String()+"e-"+big.NewInt(int64(scale)).String())
	})
	rapid.Check(t, func(r *rapid.T) {
		price, base := number.Draw(r, "price"), number.Draw(r, "base")
		want := exactRate(rat(t, price), rat(t, base))
		got, ok := market.Rate(price, base)
		if len(strings.TrimLeft(want, "-0.")) > 18 && !ok {
			return
		}
		if !ok || got.Pad(market.RateScale).String() != want {
			r.Fatalf("Rate(%s, %s) = %s, %t; want %s", price, base, got, ok, want)
		}
	})
}

func TestSteps(t *testing.T) {
	for _, c := range []struct{ price, want string }{
		{"128450000", "1000"}, {"1000000", "1000"}, {"999999", "500"}, {"546500", "500"}, {"226300", "100"},
		{"63700", "50"}, {"19980", "10"}, {"9999", "5"}, {"5000", "5"}, {"4999", "1"}, {"813", "1"}, {"100", "1"},
		{"99.9", "0.1"}, {"10", "0.1"}, {"9.99", "0.01"}, {"0.5", "0.001"}, {"0.012", "0.0001"}, {"0.0000001", "0.00000001"},
	} {
		if got := market.WonStep(dec(t, c.price)); !got.Equal(dec(t, c.want)) {
			t.Errorf("WonStep(%s) = %s, want %s", c.price, got, c.want)
		}
	}
	for _, c := range []struct{ price, want string }{
		{"1999", "1"}, {"2000", "5"}, {"4995", "5"}, {"5000", "10"}, {"19990", "10"}, {"20000", "50"},
		{"49950", "50"}, {"50000", "100"}, {"199900", "100"}, {"200000", "500"}, {"499500", "500"}, {"500000", "1000"},
	} {
		if got := market.KRXStep(dec(t, c.price)); !got.Equal(dec(t, c.want)) {
			t.Errorf("KRXStep(%s) = %s, want %s", c.price, got, c.want)
		}
	}
	for _, c := range []struct{ base, low, high int64 }{
		{10_000, 7_000, 13_000},
		{9_990, 7_000, 12_980}, // 2,997 is cut to 2,990
		{1_995, 1_397, 2_590},  // 2,593 does not lie on a step of 5
		{191_000, 133_700, 248_000},
		{4_505, 3_155, 5_850},
	} {
		if low, high := market.KRXLimits(c.base); low != c.low || high != c.high {
			t.Errorf("KRXLimits(%d) = %d, %d; want %d, %d", c.base, low, high, c.low, c.high)
		}
	}
}
