package page

// A shelf holds entries up to a number of bytes, and knows them by tag. It lets go by SIEVE: a hit only
// marks, so that readers need no write lock, and a run of pages read once does not push out what is read
// often. (Zhang and others, NSDI 2024.)
type shelf struct {
	max, bytes int64
	entries    map[key]*entry
	byTag      map[string]map[*entry]struct{}
	newest     *entry
	oldest     *entry
	hand       *entry // where the search for one to let go continues, towards newer ones
}

func newShelf(max int64) shelf {
	return shelf{max: max, entries: map[key]*entry{}, byTag: map[string]map[*entry]struct{}{}}
}

// get returns the entry of k, or nil where there is none that may be sent at now. A read lock is enough.
func (s *shelf) get(k key, now int64) *entry {
	e := s.entries[k]
	if e == nil || e.tooOld(now) {
		return nil
	}
	if !e.read.Load() {
		e.read.Store(true)
	}
	return e
}

// put keeps e in place of an entry under the same key, and lets others go as needed.
func (s *shelf) put(e *entry) {
	if old := s.entries[e.key]; old != nil {
		s.remove(old)
	}
	if e.size > s.max/maxShare {
		return
	}
	for s.bytes+e.size > s.max {
		s.remove(s.unread())
	}
	s.bytes += e.size
	s.entries[e.key] = e
	for _, tag := range e.tags {
		if s.byTag[tag] == nil {
			s.byTag[tag] = map[*entry]struct{}{}
		}
		s.byTag[tag][e] = struct{}{}
	}
	e.older = s.newest
	if s.newest != nil {
		s.newest.newer = e
	} else {
		s.oldest = e
	}
	s.newest = e
}

// unread returns the next entry that was not read since the hand last passed it.
func (s *shelf) unread() *entry {
	for {
		if s.hand == nil {
			s.hand = s.oldest
		}
		e := s.hand
		if !e.read.Load() {
			return e
		}
		e.read.Store(false)
		s.hand = e.newer
	}
}

func (s *shelf) remove(e *entry) {
	s.bytes -= e.size
	delete(s.entries, e.key)
	for _, tag := range e.tags {
		delete(s.byTag[tag], e)
		if len(s.byTag[tag]) == 0 {
			delete(s.byTag, tag)
		}
	}
	if s.hand == e {
		s.hand = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		s.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		s.oldest = e.newer
	}
	e.newer, e.older = nil, nil
}

func (s *shelf) drop(tags []string) {
	for _, tag := range tags {
		for e := range s.byTag[tag] {
			s.remove(e)
		}
	}
}

func (s *shelf) clear() {
	*s = newShelf(s.max)
}
