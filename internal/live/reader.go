package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// reader is one open stream: the topics that it follows and the number that it holds of each.
type reader struct {
	wake chan struct{} // of one place: something may have to be sent
	sent atomic.Int64  // when a frame was last written, in nanoseconds since Hub.began
	subs []sub
	slot int // its place in Hub.readers
}

// sub is a reader's position in one topic.
type sub struct {
	topic  *Topic
	reader *reader
	seq    uint64 // 0: holds nothing yet
	slot   int    // its place in Topic.subs
}

// poke wakes the reader without waiting for it.
//
// A channel for each reader, received from outside any select, was the cheapest of the ways tried with 10,000
// readers: 350 ns of processor for each wake, against 600 with a select on the request's end too, 550 with
// sync.Cond and 870 with one channel closed for all. The write that follows takes about 10 µs.
func (r *reader) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Serve answers r with the events of these topics until the reader goes, is too slow for a frame, or the hub
// closes. Names that are unknown, repeated or beyond [MaxTopics] are ignored. A reader for whom there is no place
// is told when to come back, with status 200: browsers take every other status for final.
//
// A reader who stopped reading is cut when the kernel's buffer for the connection is full. With a write buffer of
// 16 KiB (web.ShrinkWriteBuffer) that is after about 150 kB, two minutes of a board; without, after 3.8 MB.
//
// The error tells of a ResponseWriter that cannot hold deadlines, before anything was sent. How a stream ended is
// no error.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, names []string) error {
	out := stream{w: w, rc: http.NewResponseController(w), timeout: h.o.WriteTimeout, shared: r.ProtoMajor > 1}
	if err := out.start(); err != nil {
		return fmt.Errorf("live stream: %w", err)
	}
	place, ok := h.places.take(h.o.Address(r), h.o.Desk(r))
	if !ok {
		out.send(retryFrame(between(fullRetryLeast, fullRetryMost)))
		return nil
	}
	defer h.places.give(place)
	me := &reader{wake: make(chan struct{}, 1)}
	if !h.join(me, names) {
		out.send(retryFrame(between(retryLeast, closeRetryMost)))
		return nil
	}
	defer h.leave(me)
	h.follow(&out, me, r.Context())
	return nil
}

// follow sends until the stream ends.
func (h *Hub) follow(out *stream, me *reader, ctx context.Context) {
	defer context.AfterFunc(ctx, me.poke)()
	send := func(frame []byte) bool {
		me.sent.Store(int64(time.Since(h.began)))
		return out.send(frame) == nil
	}
	if !send(retryFrame(between(retryLeast, retryWithin(h.places.count())))) {
		return
	}
	for ctx.Err() == nil {
		for i := range me.subs {
			s := &me.subs[i]
			newest := s.topic.newest.Load()
			if newest == nil || newest.seq == s.seq {
				continue
			}
			if !send(newest.after(s.seq)) {
				return
			}
			s.seq = newest.seq
		}
		if h.closing.Load() {
			send(retryFrame(between(retryLeast, closeRetryMost)))
			return
		}
		if h.silent(me) && !send(beatFrame) {
			return
		}
		<-me.wake
	}
}

// stream writes frames to one response.
type stream struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration
	shared  bool // HTTP/2: one of several streams on its connection
}

func (s *stream) start() error {
	// The server's limit on reading is for requests that end.
	if err := s.rc.SetReadDeadline(time.Time{}); errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no")
	if !s.shared {
		header.Set("Connection", "close") // its buffers are shrunk for a stream
	}
	return nil
}

// send writes one frame, all of it or the stream is over.
func (s *stream) send(frame []byte) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return err
	}
	if _, err := s.w.Write(frame); err != nil {
		return err
	}
	if err := s.rc.Flush(); err != nil {
		return err
	}
	if s.shared {
		// HTTP/2 resets a stream when the deadline passes, written to or not.
		return s.rc.SetWriteDeadline(time.Time{})
	}
	return nil
}
