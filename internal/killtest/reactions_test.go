//go:build kill

package killtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sokbo/internal/reaction"
)

const (
	clients  = 96 // each with one request at a time
	checkers = 16
	// Of ten requests this many are a new reader's, and this many take back; the rest change.
	newOfTen, takeBackOfTen = 5, 2
)

// reactions is the subject: readers react, change their mind and take it back.
type reactions struct {
	articles []string // numbers
	cookie   string   // the name of the one that holds a reader
	flying   atomic.Int64

	mu    sync.Mutex
	all   []*reader
	asked int // requests since the last check that were answered with success
	wrong []string
}

// A reader is one browser at one article.
type reader struct {
	article int
	token   string
	form    bool // it runs no script and sends forms
	// held is the last reaction that was acknowledged. hoped is what was asked for after it without an answer.
	held, hoped reaction.Kind
	open        bool // that something was asked without an answer
	touched     bool // since the last check
}

func newReactions(t *testing.T, p *paper) subject {
	t.Helper()
	x := &reactions{articles: p.articles(t)}
	// What the cookie is called, and that it holds a reader of ours, is seen from one that the program sets.
	first := &reader{}
	resp, _, err := x.send(p, first, reaction.Like)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the first reaction: %v %v", resp, err)
	}
	for _, c := range resp.Cookies() {
		if _, ok := reaction.ParseToken(c.Value); ok {
			x.cookie, first.token = c.Name, c.Value
		}
	}
	if x.cookie == "" {
		t.Fatalf("the first reaction sets no reader's cookie: %v", resp.Header)
	}
	first.held = reaction.Like
	x.all = append(x.all, first)
	return x
}

func (x *reactions) inFlight() int64 { return x.flying.Load() }

func (x *reactions) work(p *paper, stop <-chan struct{}) {
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() { x.client(p, stop) })
	}
	wg.Wait()
}

// client is one after the other of many readers, until something remains without an answer or stop is closed.
func (x *reactions) client(p *paper, stop <-chan struct{}) {
	var mine []*reader
	for {
		select {
		case <-stop:
			return
		default:
		}
		r, kind := x.next(&mine)
		if !x.ask(p, r, kind) { // the program dies
			<-stop
			return
		}
	}
}

func (x *reactions) next(mine *[]*reader) (*reader, reaction.Kind) {
	dice := rand.IntN(10)
	if len(*mine) == 0 || dice < newOfTen {
		r := &reader{article: rand.IntN(len(x.articles)), token: reaction.NewReader().Token(), form: rand.IntN(4) == 0}
		*mine = append(*mine, r)
		x.mu.Lock()
		x.all = append(x.all, r)
		x.mu.Unlock()
		return r, reaction.Kinds[rand.IntN(len(reaction.Kinds))]
	}
	r := (*mine)[rand.IntN(len(*mine))]
	if r.held != reaction.None && dice < newOfTen+takeBackOfTen {
		return r, reaction.None
	}
	others := slices.DeleteFunc(slices.Clone(reaction.Kinds[:]), func(k reaction.Kind) bool { return k == r.held })
	return r, others[rand.IntN(len(others))]
}

// ask sends one request and notes what can be relied on after it. It says whether an answer came.
func (x *reactions) ask(p *paper, r *reader, kind reaction.Kind) bool {
	r.hoped, r.open, r.touched = kind, true, true
	x.flying.Add(1)
	resp, told, err := x.send(p, r, kind)
	x.flying.Add(-1)
	if err == nil {
		p.answered()
	}
	var network *net.OpError
	switch {
	case errors.As(err, &network) && network.Op == "dial": // the program was gone before it was asked
		r.open = false
		return false
	case err != nil || resp.StatusCode >= 500: // its database may die before the program does
		return false
	case r.form && resp.StatusCode == http.StatusSeeOther:
	case resp.StatusCode != http.StatusOK:
		x.complain("%s: asking for %q was answered %s", x.articles[r.article], kind, resp.Status)
	case told.Mine != kind || kind != reaction.None && told.Counts.Of(kind) < 1:
		x.complain("%s: asking for %q was answered %+v", x.articles[r.article], kind, told)
	}
	r.held, r.open = kind, false
	x.mu.Lock()
	x.asked++
	x.mu.Unlock()
	return true
}

func (x *reactions) complain(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wrong = append(x.wrong, fmt.Sprintf(format, args...))
}

type answer struct {
	Mine   reaction.Kind
	Counts reaction.Counts
}

// send asks for a reaction, as the page's script does or as its form. A reader without a token is one whose
// browser has no cookie yet.
func (x *reactions) send(p *paper, r *reader, kind reaction.Kind) (*http.Response, answer, error) {
	path, contentType, body := "/api/v1/articles/", "application/json", fmt.Sprintf(`{"reaction":%q}`, kind)
	if r.form {
		path, contentType, body = "/articles/", "application/x-www-form-urlencoded", "reaction="+string(kind)
	}
	req, err := http.NewRequest(http.MethodPost, p.url+path+x.articles[r.article]+"/reactions", strings.NewReader(body))
	if err != nil {
		return nil, answer{}, err
	}
	req.Header.Set("Content-Type", contentType)
	return x.do(p, r, req)
}

// mine asks what the program holds for a reader.
func (x *reactions) mine(p *paper, r *reader) (reaction.Kind, error) {
	req, err := http.NewRequest(http.MethodGet, p.url+"/api/v1/articles/"+x.articles[r.article]+"/reactions/mine", nil)
	if err != nil {
		return "", err
	}
	resp, told, err := x.do(p, r, req)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", req.URL, resp.Status)
	}
	return told.Mine, err
}

func (x *reactions) do(p *paper, r *reader, req *http.Request) (*http.Response, answer, error) {
	if r.token != "" {
		req.AddCookie(&http.Cookie{Name: x.cookie, Value: r.token})
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, answer{}, err
	}
	defer resp.Body.Close()
	defer io.Copy(io.Discard, resp.Body) // so that the connection is used again
	var told answer
	if resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(&told); err != nil {
			return nil, answer{}, err
		}
	}
	return resp, told, nil
}

func (x *reactions) check(t *testing.T, p *paper) outcome {
	t.Helper()
	for _, w := range x.wrong {
		t.Error(w)
	}
	o := outcome{acknowledged: x.asked}
	x.asked, x.wrong = 0, nil

	queue := make(chan *reader)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range checkers {
		wg.Go(func() {
			for r := range queue {
				found, err := x.mine(p, r)
				mu.Lock()
				switch {
				case err != nil:
					t.Errorf("asking for a reader's own: %v", err)
				case r.open && found == r.hoped:
					o.unanswered++
					o.stored++
				case found != r.held:
					t.Errorf("LOST at article %s: a reader's %q was acknowledged, %q is there (asked without an answer: %t, %q)", x.articles[r.article], r.held, found, r.open, r.hoped)
				case r.open:
					o.unanswered++
				}
				mu.Unlock()
				r.held, r.open, r.touched = found, false, false
			}
		})
	}
	for _, r := range x.all {
		if r.touched {
			queue <- r
		}
	}
	close(queue)
	wg.Wait()
	x.checkTables(t, p)
	return o
}

// checkTables compares all rows with all that is known of all readers, and the sums with the rows.
func (x *reactions) checkTables(t *testing.T, p *paper) {
	t.Helper()
	want := make(map[string]reaction.Counts)
	for _, r := range x.all {
		if r.held != reaction.None {
			c := want[x.articles[r.article]]
			add(&c, r.held, 1)
			want[x.articles[r.article]] = c
		}
	}
	view := p.database.open(t, p.data)
	defer view.Close()
	for what, query := range map[string]string{
		"rows": `SELECT s.number, r.kind, count(*) FROM reaction AS r LEFT JOIN story AS s ON s.id = r.story GROUP BY s.number, r.kind`,
		"sums": `SELECT s.number, r.kind, r.n FROM reaction_sum AS r LEFT JOIN story AS s ON s.id = r.story`,
	} {
		got := make(map[string]reaction.Counts)
		rows, err := view.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var number *string
			var kind reaction.Kind
			var n int64
			if err := rows.Scan(&number, &kind, &n); err != nil {
				t.Fatal(err)
			}
			if number == nil {
				t.Fatal("there are reactions to a story that is not there")
			}
			c := got[*number]
			add(&c, kind, n)
			got[*number] = c
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		for _, number := range x.articles {
			if got[number] != want[number] {
				t.Errorf("article %s: the %s are %+v, the readers hold %+v", number, what, got[number], want[number])
			}
		}
	}
	// The public counts are the sums.
	for _, number := range x.articles {
		req, err := http.NewRequest(http.MethodGet, p.url+"/api/v1/articles/"+number+"/reactions", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, told, err := x.do(p, &reader{}, req); err != nil || told.Counts != want[number] {
			t.Errorf("article %s: the program says %+v, %v; the readers hold %+v", number, told.Counts, err, want[number])
		}
	}
}

func add(c *reaction.Counts, k reaction.Kind, n int64) {
	switch k {
	case reaction.Like:
		c.Like += n
	case reaction.Angry:
		c.Angry += n
	case reaction.Sad:
		c.Sad += n
	case reaction.More:
		c.More += n
	}
}

// articles are the numbers of the paper's stories.
func (p *paper) articles(t *testing.T) []string {
	t.Helper()
	view := p.database.open(t, p.data)
	defer view.Close()
	rows, err := view.QueryContext(t.Context(), `SELECT number FROM story ORDER BY number`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var numbers []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	if err := rows.Err(); err != nil || len(numbers) != stories {
		t.Fatalf("%d stories are there, want %d; %v", len(numbers), stories, err)
	}
	return numbers
}
