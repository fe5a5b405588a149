package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/story"
)

// TestThousandReadersWhilePagesAreServed has 1,000 open pages follow a topic that changes ten times a second, while
// others fetch the article: no frame is torn, wrong or out of order, and every page is whole.
func TestThousandReadersWhilePagesAreServed(t *testing.T) {
	const (
		readers  = 1000
		visitors = 4
		frames   = 30
		gap      = 100 * time.Millisecond
	)
	n, url := inside(t, db.SQLite)
	var r story.Ref
	put(t, n, &r, 0, "기사", time.Time{})
	topic := n.site.Hub().Topic("board.test")
	line := func(k int) string {
		return fmt.Sprintf(`{"k":%d,"fill":%q}`, k, strings.Repeat(fmt.Sprint(k%10), 200+k))
	}
	topic.Publish([]byte(line(0)), nil)

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: readers}}
	defer client.CloseIdleConnections()
	follow := func() error {
		resp, err := client.Get(url + "/live?topics=board.test")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		last := -1
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok || data == "" {
				continue
			}
			var k int
			if _, err := fmt.Sscanf(data, `{"k":%d,`, &k); err != nil || data != line(k) {
				return fmt.Errorf("a torn frame: %q", data)
			}
			if k <= last {
				return fmt.Errorf("frame %d after %d", k, last)
			}
			if last = k; k == frames {
				return nil
			}
		}
		return fmt.Errorf("the stream ended after frame %d: %v", last, lines.Err())
	}
	var open sync.WaitGroup
	for range readers {
		open.Go(func() {
			if err := follow(); err != nil {
				t.Error(err)
			}
		})
	}
	deadline := time.Now().Add(time.Minute)
	for n.site.Hub().Readers() < readers {
		if time.Now().After(deadline) || t.Failed() {
			t.Fatalf("%d of %d readers are connected", n.site.Hub().Readers(), readers)
		}
		pause()
	}

	ctx, stop := context.WithCancel(t.Context())
	var pages atomic.Int64
	var visiting sync.WaitGroup
	for range visitors {
		visiting.Go(func() {
			for ctx.Err() == nil {
				status, page := fetchPage(t, client, url+"/articles/"+r.Number)
				if status != http.StatusOK || !strings.HasSuffix(page, "</html>\n") || !strings.Contains(page, "<h1>기사</h1>") {
					t.Errorf("a page that is not whole: status %d, %d bytes", status, len(page))
					return
				}
				pages.Add(1)
			}
		})
	}
	tick := time.NewTicker(gap)
	defer tick.Stop()
	for k := 1; k <= frames; k++ {
		<-tick.C
		topic.Publish([]byte(line(k)), []byte(line(k)))
	}
	open.Wait()
	stop()
	visiting.Wait()
	if pages.Load() == 0 {
		t.Error("no page was served meanwhile")
	}
	t.Logf("%d pages meanwhile", pages.Load())
}
