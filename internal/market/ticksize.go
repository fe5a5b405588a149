package market

// step is a price step that holds from a price on.
type step struct{ from, size Decimal }

// Won steps of the Korean coin exchanges since 31 July 2025, falling.
var wonSteps = []step{
	{mustDecimal(1_000_000, 0), mustDecimal(1000, 0)},
	{mustDecimal(500_000, 0), mustDecimal(500, 0)},
	{mustDecimal(100_000, 0), mustDecimal(100, 0)},
	{mustDecimal(50_000, 0), mustDecimal(50, 0)},
	{mustDecimal(10_000, 0), mustDecimal(10, 0)},
	{mustDecimal(5_000, 0), mustDecimal(5, 0)},
	{mustDecimal(100, 0), mustDecimal(1, 0)},
	{mustDecimal(10, 0), mustDecimal(1, 1)},
	{mustDecimal(1, 0), mustDecimal(1, 2)},
	{mustDecimal(1, 1), mustDecimal(1, 3)},
	{mustDecimal(1, 2), mustDecimal(1, 4)},
	{mustDecimal(1, 3), mustDecimal(1, 5)},
	{mustDecimal(1, 4), mustDecimal(1, 6)},
	{mustDecimal(1, 5), mustDecimal(1, 7)},
	{Decimal{}, mustDecimal(1, 8)},
}

// Steps of the Korea Exchange since January 2023, falling.
var krxSteps = []step{
	{mustDecimal(500_000, 0), mustDecimal(1000, 0)},
	{mustDecimal(200_000, 0), mustDecimal(500, 0)},
	{mustDecimal(50_000, 0), mustDecimal(100, 0)},
	{mustDecimal(20_000, 0), mustDecimal(50, 0)},
	{mustDecimal(5_000, 0), mustDecimal(10, 0)},
	{mustDecimal(2_000, 0), mustDecimal(5, 0)},
	{Decimal{}, mustDecimal(1, 0)},
}

// WonStep returns the price step of a coin quoted in won.
func WonStep(price Decimal) Decimal { return stepAt(wonSteps, price) }

// KRXStep returns the price step of a stock of the Korea Exchange.
func KRXStep(price Decimal) Decimal { return stepAt(krxSteps, price) }

func stepAt(steps []step, price Decimal) Decimal {
	for _, s := range steps {
		if price.Cmp(s.from) >= 0 {
			return s.size
		}
	}
	return steps[len(steps)-1].size
}

// krxLimitPercent is how far a Korean stock may move from its reference price in one session.
const krxLimitPercent = 30

// KRXLimits returns the lowest and the highest price of a session whose reference price is base: the limit
// of 30 % is truncated to the step of base, and both ends lie on a step of their own.
func KRXLimits(base int64) (low, high int64) {
	span := base * krxLimitPercent / 100
	span -= span % krxStep(base)
	low, high = base-span, base+span
	high -= high % krxStep(high)
	if r := low % krxStep(low); r != 0 {
		low += krxStep(low) - r
	}
	return low, high
}

func krxStep(price int64) int64 {
	whole, _, _ := KRXStep(mustDecimal(price, 0)).Int64(0)
	return whole
}
