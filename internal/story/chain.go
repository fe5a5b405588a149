package story

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"sokbo/internal/db"
)

const chainDomain = "sokbo-version-1\n"

// Link computes the hash of a version from the hash of the one before it, which is all zero for the first.
//
// It is the SHA-256 of the text "sokbo-version-1\n", the hash before, the story's number in its ten digits, and
// n, visibleAt and madeAt (milliseconds since 1970) as eight bytes each, big end first, then the SHA-256 of the
// stored content. There are two levels, so that a lawful takedown can remove a content and the chain still holds.
func Link(before Hash, number string, n int64, visibleAt, madeAt time.Time, content Hash) Hash {
	h := sha256.New()
	h.Write([]byte(chainDomain))
	h.Write(before[:])
	h.Write([]byte(number))
	var b [8]byte
	for _, v := range [...]int64{n, db.Millis(visibleAt), db.Millis(madeAt)} {
		binary.BigEndian.PutUint64(b[:], uint64(v))
		h.Write(b[:])
	}
	h.Write(content[:])
	return Hash(h.Sum(nil))
}

// Verify recomputes the chain of one story from its versions in the order of n. Versions whose content has been
// taken down, or is not shown because they are void, are trusted for their content hash only.
func Verify(number string, versions []Version) error {
	var before Hash
	for i, v := range versions {
		if v.N != int64(i+1) {
			return fmt.Errorf("story %s: version %d stands where %d belongs", number, v.N, i+1)
		}
		if v.stored != nil && sha256.Sum256(v.stored) != v.ContentHash {
			return fmt.Errorf("story %s: the content of version %d is not what was hashed", number, v.N)
		}
		if want := Link(before, number, v.N, v.VisibleAt, v.MadeAt, v.ContentHash); want != v.Hash {
			return fmt.Errorf("story %s: the hash of version %d is %s; its chain gives %s", number, v.N, v.Hash, want)
		}
		before = v.Hash
	}
	return nil
}
