package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sokbo/internal/story"
)

// ask sends one request and returns its answer with the body read.
func ask(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestReactionsForPrograms(t *testing.T) {
	eachInside(t, func(t *testing.T, n *newspaper, url string) {
		var r story.Ref
		put(t, n, &r, 0, "기사", time.Time{})
		address := url + "/api/v1/articles/" + r.Number + "/reactions"

		resp, body := ask(t, "GET", address, "")
		if want := `{"article":"` + r.Number + `","counts":{"like":0,"angry":0,"sad":0,"more":0}}` + "\n"; body != want {
			t.Errorf("counts = %s; want %s", body, want)
		}
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("Access-Control-Allow-Origin = %q; want *", got)
		}
		etag := resp.Header.Get("ETag")
		if resp, _ := ask(t, "GET", address, "", "If-None-Match: "+etag); resp.StatusCode != http.StatusNotModified {
			t.Errorf("the same counts again: %d; want 304", resp.StatusCode)
		}

		asJSON := "Content-Type: application/json"
		resp, body = ask(t, "POST", address, `{"reaction":"more"}`, asJSON)
		if want := `{"article":"` + r.Number + `","counts":{"like":0,"angry":0,"sad":0,"more":1},"mine":"more"}` + "\n"; resp.StatusCode != 200 || body != want {
			t.Fatalf("POST: %d %s", resp.StatusCode, body)
		}
		cookie := resp.Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
			t.Errorf("the reader's cookie is %v; want HttpOnly and SameSite=Lax", cookie)
		}
		mine := "Cookie: " + cookie.Name + "=" + cookie.Value
		if _, body := ask(t, "GET", address+"/mine", "", mine); body != `{"mine":"more"}`+"\n" {
			t.Errorf("mine = %s", body)
		}
		if resp, body := ask(t, "GET", address+"/mine", ""); body != `{"mine":""}`+"\n" || resp.Header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("a stranger's mine = %s, %s", body, resp.Header.Get("Cache-Control"))
		}
		if resp, _ := ask(t, "GET", address, "", "If-None-Match: "+etag); resp.StatusCode != 200 {
			t.Errorf("changed counts: %d; want 200", resp.StatusCode)
		}
		if _, body := ask(t, "POST", address, `{"reaction":""}`, asJSON, mine); !strings.Contains(body, `"more":0`) {
			t.Errorf("taken back: %s", body)
		}

		for name, c := range map[string]struct {
			body   string
			header string
			status int
		}{
			"unknown kind":      {`{"reaction":"love"}`, asJSON, 400},
			"unknown field":     {`{"reaction":"like","x":1}`, asJSON, 400},
			"no field":          {`{}`, asJSON, 400},
			"two values":        {`{"reaction":"like"}{}`, asJSON, 400},
			"no JSON":           {`reaction=like`, asJSON, 400},
			"another type":      {`{"reaction":"like"}`, "Content-Type: text/plain", 400},
			"too large":         {`{"reaction":"` + strings.Repeat("x", 1<<11) + `"}`, asJSON, 413},
			"from another site": {`{"reaction":"like"}`, "Origin: https://evil.example", 403},
		} {
			resp, body := ask(t, "POST", address, c.body, c.header)
			if resp.StatusCode != c.status || resp.Header.Get("Content-Type") != "application/problem+json" || len(resp.Cookies()) > 0 {
				t.Errorf("%s: %d %s %s; want %d as problem+json and no cookie", name, resp.StatusCode, resp.Header.Get("Content-Type"), body, c.status)
			}
		}
		if _, body := ask(t, "GET", address, ""); !strings.Contains(body, `"like":0`) {
			t.Errorf("a refused reaction counts: %s", body)
		}
	})
}

func TestBoardForPrograms(t *testing.T) {
	p := start(t, "SOKBO_DATA="+t.TempDir(), "SOKBO_FEEDS=simulated")
	p.wait(t, "/api/v1/boards/crypto", `"basis":"24h"`)
	_, body := p.get(t, "/api/v1/boards/crypto")
	var board struct {
		Board    string `json:"board"`
		AsOf     string `json:"asOf"`
		Interval int    `json:"interval"`
		Session  struct {
			State string `json:"state"`
		} `json:"session"`
		Quotes []map[string]any `json:"quotes"`
	}
	if err := json.Unmarshal([]byte(body), &board); err != nil {
		t.Fatal(err)
	}
	if board.Board != "crypto" || board.Interval < 500 || board.Session.State != "always" || len(board.Quotes) != 12 {
		t.Errorf("board %q, interval %d, session %q, %d quotes", board.Board, board.Interval, board.Session.State, len(board.Quotes))
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000+09:00", board.AsOf); err != nil {
		t.Errorf("asOf = %q (%v, %v)", board.AsOf, at, err)
	}
	for _, q := range board.Quotes {
		if q["simulated"] != true || q["source"] != "모의 시세" {
			t.Errorf("%v is not marked as simulated", q["key"])
		}
	}
	if status, body := p.get(t, "/api/v1/boards/nowhere"); status != 404 || !strings.Contains(body, "board-not-found") {
		t.Errorf("an unknown board: %d %s", status, body)
	}
}

// TestStreamBeginsWithSnapshots reads the first events of a stream as a program would.
func TestStreamBeginsWithSnapshots(t *testing.T) {
	eachInside(t, func(t *testing.T, n *newspaper, url string) {
		var r story.Ref
		put(t, n, &r, 0, "기사", time.Time{})
		resp, err := http.Get(url + "/live?topics=article." + r.Number + ",site,article.9999999999,nonsense")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		read := func(until string) string {
			t.Helper()
			var all strings.Builder
			b := make([]byte, 4096)
			for !strings.Contains(all.String(), until) {
				k, err := resp.Body.Read(b)
				all.Write(b[:k])
				if err != nil {
					t.Fatalf("the stream ended before %q: %v\n%s", until, err, all.String())
				}
			}
			return all.String()
		}
		first := read(`"topic":"article.` + r.Number)
		if !strings.HasPrefix(first, "retry: ") {
			t.Errorf("a stream begins with %q; want retry", first)
		}
		// What is published, and what readers do, comes without asking.
		put(t, n, &r, 1, "고친 기사", time.Time{})
		read(`"version":2`)
		ask(t, "POST", url+"/api/v1/articles/"+r.Number+"/reactions", `{"reaction":"sad"}`, "Content-Type: application/json")
		read(`"sad":1`)
	})
}
