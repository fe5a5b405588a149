package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sokbo/internal/body"
	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/story"
)

// inside is a newspaper that runs in the test, with its parts in reach.
func inside(t *testing.T, dialect db.Dialect) (*newspaper, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	settings := map[string]string{"SOKBO_DATA": t.TempDir(), "SOKBO_ADDR": "localhost:" + port}
	if dialect == db.PostgreSQL {
		settings["SOKBO_DATABASE"] = dbtest.PostgresURL(t)
	}
	c, err := readConfig("", nil, settings)
	if err != nil {
		t.Fatal(err)
	}
	n, err := open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.run(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := n.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n, "http://localhost:" + port
}

// eachInside runs f against a newspaper on either database.
func eachInside(t *testing.T, f func(t *testing.T, n *newspaper, url string)) {
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			n, url := inside(t, dialect)
			f(t, n, url)
		})
	}
}

func text(t *testing.T, headline string) story.Content {
	t.Helper()
	doc, err := body.FromContent(body.Paragraph("글."))
	if err != nil {
		t.Fatal(err)
	}
	return story.Content{Language: "ko", Headline: headline, Body: doc.Bytes()}
}

// put publishes a new story, or the next version of one.
func put(t *testing.T, n *newspaper, r *story.Ref, base int64, headline string, at time.Time) {
	t.Helper()
	stories := story.New(n.db)
	c := text(t, headline)
	err := n.db.Write(t.Context(), func(tx *db.Tx) (err error) {
		made := *r
		if base == 0 {
			if made, err = stories.Create(t.Context(), tx, "ko", ""); err != nil {
				return err
			}
		}
		*r = made
		_, err = stories.Publish(t.Context(), tx, made.ID, base, c, at, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func fetchPage(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return r.StatusCode, string(b)
}

func TestHitAsksNothingOfTheDatabase(t *testing.T) {
	eachInside(t, func(t *testing.T, n *newspaper, url string) {
		var r story.Ref
		put(t, n, &r, 0, "기사", time.Time{})
		for _, path := range []string{"/", "/articles/" + r.Number, "/articles/" + r.Number + "/history"} {
			fetchPage(t, http.DefaultClient, url+path)
			before := n.db.Queries()
			for range 50 {
				if status, page := fetchPage(t, http.DefaultClient, url+path); status != 200 || !strings.Contains(page, "기사") {
					t.Fatalf("%s: status %d", path, status)
				}
			}
			// The follower polls the log once a second; nothing else may ask.
			if asked := n.db.Queries() - before; asked > 3 {
				t.Errorf("%s: 50 hits took %d queries", path, asked)
			}
		}
	})
}

var printed = regexp.MustCompile(`<h1>판 (\d+)</h1>`)

// TestNoOldAnswerAfterTheAcknowledgement publishes under load, at once and by moments that fall due: a request
// that begins after the acknowledgement, or after the moment, is never answered with an older version.
func TestNoOldAnswerAfterTheAcknowledgement(t *testing.T) {
	const clients, publishes = 16, 200
	eachInside(t, func(t *testing.T, n *newspaper, url string) {
		var r story.Ref
		put(t, n, &r, 0, "판 1", time.Time{})
		article := url + "/articles/" + r.Number
		var acknowledged atomic.Int64
		acknowledged.Store(1)
		var answers atomic.Int64
		stop := make(chan struct{})
		var group sync.WaitGroup
		for range clients {
			group.Go(func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for {
					select {
					case <-stop:
						return
					default:
					}
					least := acknowledged.Load()
					_, page := fetchPage(t, client, article)
					m := printed.FindStringSubmatch(page)
					if m == nil {
						t.Error("a page without its version")
						return
					}
					if got, _ := strconv.ParseInt(m[1], 10, 64); got < least {
						t.Errorf("version %d after %d was acknowledged", got, least)
						return
					}
					answers.Add(1)
				}
			})
		}
		for i := int64(2); i <= publishes; i++ {
			at := time.Time{}
			if i%4 == 0 {
				at = n.db.Now().Add(20 * time.Millisecond)
			}
			put(t, n, &r, i-1, fmt.Sprint("판 ", i), at)
			for n.db.Now().Before(at) {
				<-time.After(at.Sub(n.db.Now()))
			}
			acknowledged.Store(i)
			// Let some answers come between two publishes, so that pages are kept and dropped.
			for seen := answers.Load(); answers.Load() < seen+clients && !t.Failed(); {
				pause()
			}
		}
		close(stop)
		group.Wait()
		t.Logf("%d answers", answers.Load())
	})
}

// A defect, here a table that is gone, is told in the site's design with the id that the log holds, and offers
// what can still be read.
func TestDefectIsToldInTheDesign(t *testing.T) {
	eachInside(t, func(t *testing.T, n *newspaper, url string) {
		var r story.Ref
		put(t, n, &r, 0, "기사", time.Time{})
		err := n.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `DROP TABLE front`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		resp, page := ask(t, "GET", url+"/", "", "Accept: text/html")
		if resp.StatusCode != http.StatusInternalServerError || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("status %d, %s", resp.StatusCode, resp.Header.Get("Cache-Control"))
		}
		for _, part := range []string{`class="masthead"`, "우리 쪽에 문제가 생겼습니다", "문의하실 때 알려 주세요: ", "/articles/" + r.Number} {
			if !strings.Contains(page, part) {
				t.Errorf("the page does not hold %q", part)
			}
		}
		if strings.Contains(page, "no such table") || strings.Contains(page, "does not exist") {
			t.Error("the page tells strangers of tables")
		}
	})
}
