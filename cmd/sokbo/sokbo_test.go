package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/story"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sokbo": main})
}

// TestCommands runs the scripts in testdata/script: what an operator types and reads.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			page, err := os.ReadFile("../../testdata/page.txt")
			if err != nil {
				return err
			}
			// A page with a NUL in it: no editor of scripts can hold one.
			if err := os.WriteFile(filepath.Join(e.WorkDir, "binary.txt"), []byte("제목\x00\n\n입력 2024-06-20 16:34\n\n글."), 0o644); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "page.txt"), page, 0o644)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			// fetch PATH [NAME: VALUE…] gets a page of $ADDR, trying until somebody listens there.
			"fetch": fetch,
			// takeport listens on an address and puts it into ADDR.
			"takeport": func(ts *testscript.TestScript, neg bool, args []string) {
				ln, err := net.Listen("tcp", "localhost:0")
				ts.Check(err)
				ts.Defer(func() { ln.Close() })
				ts.Setenv("ADDR", ln.Addr().String())
			},
			// freeport puts an address that nobody listens on into ADDR.
			"freeport": func(ts *testscript.TestScript, neg bool, args []string) {
				ln, err := net.Listen("tcp", "localhost:0")
				ts.Check(err)
				ln.Close()
				_, port, err := net.SplitHostPort(ln.Addr().String())
				ts.Check(err)
				ts.Setenv("ADDR", "localhost:"+port)
			},
		},
	})
}

func fetch(ts *testscript.TestScript, neg bool, args []string) {
	deadline := time.Now().Add(30 * time.Second)
	for {
		r, err := http.NewRequest("GET", "http://"+ts.Getenv("ADDR")+args[0], nil)
		ts.Check(err)
		for _, h := range args[1:] {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			if time.Now().After(deadline) {
				ts.Fatalf("fetch %s: %v", args[0], err)
			}
			pause()
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		ts.Check(err)
		fmt.Fprintf(ts.Stdout(), "%d\n%s", resp.StatusCode, body)
		if (resp.StatusCode >= 400) != neg {
			ts.Fatalf("fetch %s: status %d", args[0], resp.StatusCode)
		}
		return
	}
}

// pause stands between two looks at a condition that another process, or the server, makes true.
func pause() { <-time.After(10 * time.Millisecond) }

// A running is a running server inside the test: the same run that main calls.
type running struct {
	url    string
	client *http.Client
	stop   func() int
	log    *bytes.Buffer
}

// start serves a data folder, or a PostgreSQL database, until the test ends.
func start(t *testing.T, environ ...string) *running {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	ln.Close()
	ctx, cancel := context.WithCancel(context.Background())
	p := &running{url: "http://localhost:" + port, log: new(bytes.Buffer)}
	jar, _ := cookiejar.New(nil)
	p.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"serve", "-addr", "localhost:" + port}, environ, streams{strings.NewReader(""), io.Discard, p.log})
	}()
	stopped := false
	p.stop = func() int {
		if stopped {
			return 0
		}
		stopped = true
		p.client.CloseIdleConnections()
		cancel()
		return <-done
	}
	t.Cleanup(func() { p.stop() })
	deadline := time.Now().Add(30 * time.Second)
	for {
		r, err := p.client.Get(p.url + "/readyz")
		if err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return p
			}
		}
		select {
		case status := <-done:
			t.Fatalf("serve ended with %d: %s", status, p.log)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("serve is not ready")
		}
	}
}

func (p *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	r, err := p.client.Get(p.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// wait fetches a path until what it answers holds text.
func (p *running) wait(t *testing.T, path, text string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, body := p.get(t, path)
		if strings.Contains(body, text) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come to hold %s:\n%s", path, text, body)
		}
		pause()
	}
}

// eachDatabase runs f with the settings of a data folder that holds the sample page, on both databases.
func eachDatabase(t *testing.T, f func(t *testing.T, environ []string)) {
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			environ := []string{"SOKBO_DATA=" + t.TempDir()}
			if dialect == db.PostgreSQL {
				environ = append(environ, "SOKBO_DATABASE="+dbtest.PostgresURL(t))
			}
			var out, errs bytes.Buffer
			if status := run(t.Context(), []string{"import", "page", "-rail", "../../testdata/page.txt"}, environ, streams{strings.NewReader(""), &out, &errs}); status != 0 {
				t.Fatalf("import ended with %d: %s", status, &errs)
			}
			f(t, environ)
		})
	}
}

var articleLink = regexp.MustCompile(`/articles/(\d{10})`)

// article is the number of the first story on the front.
func (p *running) article(t *testing.T) string {
	t.Helper()
	_, front := p.get(t, "/")
	m := articleLink.FindStringSubmatch(front)
	if m == nil {
		t.Fatalf("the front leads to no article:\n%s", front)
	}
	return m[1]
}

func TestImportedPageIsServedWhole(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		p := start(t, append(environ, "SOKBO_FEEDS=simulated")...)
		p.wait(t, "/api/v1/boards/crypto", `"basis":"24h"`)
		status, page := p.get(t, "/articles/"+p.article(t))
		if status != 200 {
			t.Fatalf("status %d", status)
		}
		for _, part := range []string{"입력 <time", "수정 <time", `value="xs"`, "가장작게", "가장크게", "▲", `data-count="more"`, "추가취재 원해요", "주요 뉴스", "오늘의 상승종목", "실시간 암호화폐 시세", "모의 시세", "비트코인", "* 24시간 변동률 기준"} {
			if !strings.Contains(page, part) {
				t.Errorf("the article shows no %q", part)
			}
		}
	})
}

func TestReactionLastsOverARestart(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		p := start(t, environ...)
		n := p.article(t)
		r, err := p.client.PostForm(p.url+"/articles/"+n+"/reactions", url.Values{"reaction": {"more"}})
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/articles/"+n+"/reaction" {
			t.Fatalf("the form answers %d to %q", r.StatusCode, r.Header.Get("Location"))
		}
		if _, own := p.get(t, "/articles/"+n+"/reaction"); !strings.Contains(own, "추가취재 원해요’") {
			t.Errorf("the private page does not tell the reaction:\n%s", own)
		}
		cookies := p.client.Jar.Cookies(mustParse(t, p.url))
		if status := p.stop(); status != 0 {
			t.Errorf("serve ended with %d: %s", status, p.log)
		}
		p = start(t, environ...)
		p.client.Jar.SetCookies(mustParse(t, p.url), cookies)
		if _, counts := p.get(t, "/api/v1/articles/"+n+"/reactions"); !strings.Contains(counts, `"more":1`) {
			t.Errorf("after a restart: %s", counts)
		}
		if _, mine := p.get(t, "/api/v1/articles/"+n+"/reactions/mine"); strings.TrimSpace(mine) != `{"mine":"more"}` {
			t.Errorf("after a restart mine is %s", mine)
		}
	})
}

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestReactionForAStoryThatIsNotThere(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		p := start(t, environ...)
		r, err := p.client.Post(p.url+"/api/v1/articles/9999999999/reactions", "application/json", strings.NewReader(`{"reaction":"like"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusNotFound || r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("status %d, %s", r.StatusCode, r.Header.Get("Content-Type"))
		}
		if len(p.client.Jar.Cookies(mustParse(t, p.url))) != 0 {
			t.Error("a refused reaction sets a cookie")
		}
	})
}

func TestSamePageAgainIsNotModified(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		p := start(t, environ...)
		path := "/articles/" + p.article(t)
		p.get(t, path)
		r, err := p.client.Get(p.url + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		q, _ := http.NewRequest("GET", p.url+path, nil)
		q.Header.Set("If-None-Match", r.Header.Get("ETag"))
		q.Header.Set("Accept-Encoding", "gzip")
		if r, err = p.client.Do(q); err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusNotModified {
			t.Errorf("the same page again: status %d; want 304", r.StatusCode)
		}
	})
}

func TestWithdrawnAndMissing(t *testing.T) {
	dir := t.TempDir()
	environ := []string{"SOKBO_DATA=" + dir}
	if status := run(t.Context(), []string{"import", "page", "../../testdata/page.txt"}, environ, streams{strings.NewReader(""), io.Discard, os.Stderr}); status != 0 {
		t.Fatal("import failed")
	}
	p := start(t, environ...)
	n := p.article(t)
	p.stop()
	d, err := db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	stories := story.New(d)
	st, err := stories.Find(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), func(tx *db.Tx) error { return stories.Withdraw(t.Context(), tx, st.ID) }); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	p = start(t, environ...)
	for path, want := range map[string]int{
		"/articles/" + n:              http.StatusGone,
		"/articles/" + n + "/history": http.StatusGone,
		"/articles/9999999999":        http.StatusNotFound,
		"/nowhere":                    http.StatusNotFound,
		"/":                           http.StatusOK,
	} {
		status, page := p.get(t, path)
		if status != want {
			t.Errorf("%s: status %d; want %d", path, status, want)
		}
		if !strings.Contains(page, `class="masthead"`) {
			t.Errorf("%s is not in the design of the site", path)
		}
	}
}
