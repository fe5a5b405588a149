package live

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"sokbo/internal/fault"
)

// beatFrame has an empty data line, since a browser does not report an event without one.
var beatFrame = []byte("event: beat\ndata:\n\n")

// frame returns one event with its number as id. Data has been checked.
func frame(event string, seq uint64, data []byte) []byte {
	b := make([]byte, 0, len("event: \nid: \ndata: \n\n")+len(event)+20+len(data))
	b = append(b, "event: "...)
	b = append(b, event...)
	b = append(b, "\nid: "...)
	b = strconv.AppendUint(b, seq, 10)
	b = append(b, "\ndata: "...)
	b = append(b, data...)
	return append(b, "\n\n"...)
}

func retryFrame(d time.Duration) []byte {
	return fmt.Appendf(nil, "retry: %d\n\n", d.Milliseconds())
}

// check refuses what would end the data line early, and so let data speak as the stream.
func check(data []byte) error {
	if i := bytes.IndexAny(data, "\r\n\x00"); i >= 0 {
		return fault.New(fault.Invalid, "live-data", "a frame's data has the byte %#02x at %d: send one line of JSON", data[i], i)
	}
	if len(data) == 0 || !utf8.Valid(data) {
		return fault.New(fault.Invalid, "live-data", "a frame's data is empty or not UTF-8: send one line of JSON")
	}
	return nil
}
