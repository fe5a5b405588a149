package market

// ringMinutes is a day of closes, the minute that is under way, and a few for clocks that are ahead.
const ringMinutes = dayMinutes + 1 + 7

// dayMinutes is how many minutes before the current one the base of a 24-hour change is: the close of the last
// whole minute that ended at or before now − 24 h is that of the minute 1,441 before the one that now is in.
const dayMinutes = 24*60 + 1

// closes is a ring of minute closes. Zero is a close that is not known. That of the newest minute is the price
// so far.
type closes struct {
	newest int64
	at     [ringMinutes]Decimal
}

func (c *closes) slot(minute int64) *Decimal {
	return &c.at[minute%ringMinutes]
}

func (c *closes) holds(minute int64) bool {
	return minute <= c.newest && minute > c.newest-ringMinutes
}

// of returns the close of a minute, zero if it is not known.
func (c *closes) of(minute int64) Decimal {
	if !c.holds(minute) {
		return Decimal{}
	}
	return *c.slot(minute)
}

// advance brings the ring to a minute, with the same price for all minutes on the way.
func (c *closes) advance(minute int64, price Decimal) {
	for m := max(c.newest+1, minute-ringMinutes+1); m <= minute; m++ {
		*c.slot(m) = price
	}
	c.newest = max(c.newest, minute)
}

// setFrom sets the closes from a minute up to the newest, and returns the first of them that was not known
// before, or else the one after the newest.
func (c *closes) setFrom(minute int64, price Decimal) int64 {
	first := c.newest + 1
	for m := c.newest; m >= minute && c.holds(m); m-- {
		s := c.slot(m)
		if s.IsZero() {
			first = m
		}
		*s = price
	}
	return first
}

// set sets one close that was not known, and says whether it did.
func (c *closes) set(minute int64, price Decimal) bool {
	if !c.holds(minute) || !c.slot(minute).IsZero() {
		return false
	}
	*c.slot(minute) = price
	return true
}

// forget makes closes unknown; until is exclusive.
func (c *closes) forget(from, until int64) {
	for m := max(from, c.newest-ringMinutes+1); m < min(until, c.newest+1); m++ {
		*c.slot(m) = Decimal{}
	}
}
