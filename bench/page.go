package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// samplePage is the page that is imported: the one that the README shows.
const samplePage = "testdata/page.txt"

const (
	pageGoal        = 1.3 // times the processor of a bare handler
	pageConnections = 16
	pageRequests    = 20_000 // a round
	pageRounds      = 7      // beside one that warms up
)

var articlePath = regexp.MustCompile(`/articles/[0-9]{10}`)

// article returns the path of the imported article.
func (s *newspaper) article() (string, error) {
	front, err := request(s.addr, "GET", "/", nil)
	if err != nil {
		return "", err
	}
	path := articlePath.Find(front.body)
	if front.status != 200 || path == nil {
		return "", fmt.Errorf("the front answers %d and shows no article", front.status)
	}
	return string(path), nil
}

// benchPage compares an article from the cache with a bare handler that gives the same answer, by what the two
// processes use of the processor.
func benchPage(ctx context.Context, b *bench) error {
	s, err := b.serve(ctx)
	if err != nil {
		return err
	}
	defer s.kill()
	path, err := s.article()
	if err != nil {
		return err
	}
	asked := http.Header{"Accept-Encoding": {"gzip, deflate, br, zstd"}}
	var want answer
	for range 2 { // the second is a hit
		if want, err = request(s.addr, "GET", path, asked); err != nil {
			return err
		}
	}
	if want.status != 200 {
		return fmt.Errorf("%s answers %d", path, want.status)
	}
	handler, err := b.startRole(ctx, "bare")
	if err != nil {
		return err
	}
	defer handler.kill()
	var bareAddr string
	if err := handler.tell(want, &bareAddr); err != nil {
		return err
	}
	if err := same(bareAddr, path, asked, want); err != nil {
		return err
	}
	clients, err := b.startRole(ctx, "load")
	if err != nil {
		return err
	}
	defer clients.kill()

	var ratios []float64
	var ours, theirs time.Duration // for one request
	for round := range 1 + pageRounds {
		a, err := pageRound(clients, s.child, s.addr, path)
		if err != nil {
			return err
		}
		b, err := pageRound(clients, handler, bareAddr, path)
		if err != nil {
			return err
		}
		if round == 0 {
			continue
		}
		ratios = append(ratios, float64(a)/float64(b))
		ours += a / pageRounds
		theirs += b / pageRounds
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	b.add(row{
		fmt.Sprintf("article from the cache (%d bytes, %s), processor of one request", len(want.body), want.header.Get("Content-Encoding")),
		micros(ours), micros(theirs) + " bare net/http", fmt.Sprintf("%.2f (%.2f to %.2f)", ratio, ratios[0], ratios[len(ratios)-1]),
		against(fmt.Sprintf("≤ %.1f", pageGoal), ratio <= pageGoal),
	})
	return nil
}

// pageRound returns what the server uses for one request.
func pageRound(clients, server *child, addr, path string) (time.Duration, error) {
	before, err := server.cpu()
	if err != nil {
		return 0, err
	}
	_, err = clients.drive(job{
		Addr: addr, Connections: pageConnections, Requests: pageRequests, Status: 200,
		Request: "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/html,application/xhtml+xml\r\nAccept-Language: ko\r\n" +
			"Accept-Encoding: gzip, deflate, br, zstd\r\nUser-Agent: bench\r\n\r\n",
	})
	if err != nil {
		return 0, err
	}
	after, err := server.cpu()
	return (after - before) / pageRequests, err
}

// same checks that the bare handler's answer is the one to compare with.
func same(addr, path string, asked http.Header, want answer) error {
	got, err := request(addr, "GET", path, asked)
	if err != nil {
		return err
	}
	got.header.Del("Date")
	header := want.header.Clone()
	header.Del("Date")
	a, _ := json.Marshal(got.header)
	b, _ := json.Marshal(header)
	if got.status != want.status || string(a) != string(b) || string(got.body) != string(want.body) {
		return fmt.Errorf("the bare handler answers %d %s, want %d %s", got.status, a, want.status, b)
	}
	return nil
}

// tell gives the bare handler its answer and reads its address.
func (c *child) tell(a answer, addr *string) error {
	err := json.NewEncoder(c.in).Encode(bareAnswer{a.status, a.header, a.body})
	if err != nil {
		return err
	}
	return c.read(addr)
}

type bareAnswer struct {
	Status int
	Header http.Header
	Body   []byte
}

// bare is the process of the handler that does nothing but answer.
func bare([]string) error {
	var a bareAnswer
	if err := json.NewDecoder(os.Stdin).Decode(&a); err != nil {
		return err
	}
	a.Header.Del("Date") // net/http gives it
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	// The limits are Sokbo's: each costs a deadline.
	server := http.Server{
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			for name, values := range a.Header {
				h[name] = values
			}
			w.WriteHeader(a.Status)
			w.Write(a.Body)
		}),
	}
	return server.Serve(ln)
}

func micros(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1e3) }
