package live_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sokbo/internal/live"
)

// counter is a response that only counts frames: what remains is the hub's own work.
type counter struct {
	http.ResponseWriter
	header http.Header
	frames *atomic.Int64
}

func (c counter) Header() http.Header              { return c.header }
func (c counter) SetReadDeadline(time.Time) error  { return nil }
func (c counter) SetWriteDeadline(time.Time) error { return nil }
func (c counter) FlushError() error                { return nil }
func (c counter) Write(frame []byte) (int, error)  { c.frames.Add(1); return len(frame), nil }

// A frame is encoded once: what a publish allocates does not grow with the readers that it reaches.
func TestDeliveryAllocatesNothing(t *testing.T) {
	const readers = 200
	hub := live.NewHub(live.Options{})
	topic := hub.Topic("a")
	publish(t, topic, "s1", "")
	var frames atomic.Int64
	var all sync.WaitGroup
	for range readers {
		r := httptest.NewRequest("GET", "/live", nil)
		all.Go(func() { hub.Serve(counter{header: http.Header{}, frames: &frames}, r, []string{"a"}) })
	}
	want := int64(2 * readers) // retry and snapshot
	until(t, "all have begun", func() bool { return frames.Load() == want })
	if n := testing.AllocsPerRun(50, func() {
		topic.Publish([]byte("s"), []byte("u"))
		for want += readers; frames.Load() < want; {
			runtime.Gosched()
		}
	}); n > 10 {
		t.Errorf("%v allocations to publish to %d readers, want about three", n, readers)
	}
	hub.Close(t.Context())
	all.Wait()
}

// BenchmarkPublish takes one frame to all readers without a socket. make bench does it with them.
func BenchmarkPublish(b *testing.B) {
	for _, readers := range []int64{1_000, 10_000} {
		b.Run(fmt.Sprint(readers), func(b *testing.B) {
			hub := live.NewHub(live.Options{})
			topic := hub.Topic("a")
			data := make([]byte, 500)
			for i := range data {
				data[i] = 'x'
			}
			topic.Publish(data, data)
			var frames atomic.Int64
			for range readers {
				r, err := http.NewRequest("GET", "/live", nil)
				if err != nil {
					b.Fatal(err)
				}
				go hub.Serve(counter{header: http.Header{}, frames: &frames}, r, []string{"a"})
			}
			wait := func(n int64) {
				for frames.Load() < n {
					runtime.Gosched()
				}
			}
			want := 2 * readers // retry and snapshot
			wait(want)
			b.ReportAllocs()
			for b.Loop() {
				topic.Publish(data, data)
				want += readers
				wait(want)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(readers), "ns/event")
			hub.Close(context.Background())
		})
	}
}
