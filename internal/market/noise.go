package market

import "math/bits"

// seed makes a market of its own. Everything that is drawn from it is whole numbers, so that every machine
// draws the same.
type seed uint64

// draw is a number that looks random and is always the same for the same coordinates.
func (s seed) draw(stream, scale, at int64) uint64 {
	x := uint64(s)
	for _, part := range [...]int64{stream, scale, at} {
		x = mixed(x + uint64(part)*0x9e3779b97f4a7c15)
	}
	return x
}

// mixed is the finisher of SplitMix64.
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// noiseBits is the range of noise: from −1<<noiseBits to 1<<noiseBits.
const noiseBits = 30

// noise is a curve through random points that stand period apart.
func (s seed) noise(stream, period, at int64) int64 {
	at += int64(s.draw(stream, period, -1) % uint64(period)) // so that the points of no two curves coincide
	i, rest := at/period, at%period
	a, b := s.point(stream, period, i), s.point(stream, period, i+1)
	return a + (b-a)*rest/period
}

func (s seed) point(stream, period, i int64) int64 {
	return int64(s.draw(stream, period, i)>>(63-noiseBits)) - 1<<noiseBits
}

// walk looks like a random walk and never leaves its bounds: curves of twice the period have √2 times the
// height. Unit is the height at period 1 in billionths, and so is the result; the periods are 1, 2, 4 … up to
// 1<<(len(rootsOfTwo)-1).
func (s seed) walk(stream, unit, at int64) int64 {
	sum := int64(0)
	for k, root := range rootsOfTwo {
		sum += unit * root / rootUnit * s.noise(stream, 1<<k, at) >> noiseBits
	}
	return sum
}

// rootsOfTwo are √(2^k) in units of 1/rootUnit: 65,536 minutes are a month and a half.
var rootsOfTwo = func() (roots [17]int64) {
	for k := range roots {
		roots[k] = rootUnit << (k / 2)
		if k%2 == 1 {
			roots[k] = 14_142 << (k / 2)
		}
	}
	return roots
}()

const rootUnit = 10_000

const billion = 1_000_000_000

// moved is x moved by a number of billionths, which is not less than −billion.
func moved(x, billionths int64) int64 {
	high, low := bits.Mul64(uint64(x), uint64(billion+billionths))
	quotient, _ := bits.Div64(high, low, billion)
	return int64(quotient)
}
