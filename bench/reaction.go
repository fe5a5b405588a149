package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"sokbo/internal/db/dbtest/postgres"
)

const (
	reactionGoal    = 8_000 // a second
	reactionClients = 64
	reactionTime    = 8 * time.Second
	logTime         = 4 * time.Second // before and after
)

// benchReactions has 64 clients react, each time as a new reader, and compares with a log that does no more than
// keep what it acknowledges, over the same HTTP and on the same disk.
func benchReactions(ctx context.Context, b *bench) error {
	server, err := postgres.Start(ctx, true)
	if err != nil {
		return err
	}
	defer server.Stop()
	clients, err := b.startRole(ctx, "load")
	if err != nil {
		return err
	}
	defer clients.kill()
	logServer, err := b.startRole(ctx, "log", "reactions.log")
	if err != nil {
		return err
	}
	defer logServer.kill()
	var logAddr string
	if err := logServer.read(&logAddr); err != nil {
		return err
	}

	const body = `{"reaction":"like"}`
	ask := func(path string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n"+
			"User-Agent: bench\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
	}
	logged := job{Addr: logAddr, Connections: reactionClients, Time: logTime, Status: 200, Request: ask("/")}
	before, err := clients.drive(logged)
	if err != nil {
		return err
	}
	type measured struct {
		name    string
		outcome outcome
		cpu     time.Duration
	}
	var all []measured
	for _, d := range []struct{ name, url string }{{"SQLite", ""}, {"PostgreSQL", server.URL("postgres")}} {
		s, err := b.serve(ctx, "SOKBO_REACTION_NEW_PER_HOUR=0", "SOKBO_DATABASE="+d.url)
		if err != nil {
			return err
		}
		o, cpu, err := s.react(clients, ask)
		s.kill()
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		all = append(all, measured{d.name, o, cpu})
	}
	after, err := clients.drive(logged)
	if err != nil {
		return err
	}
	bareRate := (before.rate() + after.rate()) / 2
	for _, m := range all {
		rate := m.outcome.rate()
		b.add(row{
			fmt.Sprintf("reactions acknowledged with %s, %d clients", m.name, reactionClients),
			fmt.Sprintf("%.0f/s", rate), fmt.Sprintf("%.0f/s bare log", bareRate), fmt.Sprintf("%.2f", rate/bareRate),
			against(fmt.Sprintf("≥ %d/s", reactionGoal), rate >= reactionGoal),
		})
		b.add(row{what: "  half and 99 % answered within", figure: m.outcome.within(), beside: before.within()})
		b.add(row{what: "  processor of one", figure: micros(m.cpu / time.Duration(m.outcome.Good))})
	}
	return nil
}

func (o outcome) rate() float64 { return float64(o.Good) / o.Took.Seconds() }

func (o outcome) within() string {
	return fmt.Sprintf("%.1f ms, %.1f ms", float64(o.P50)/1e6, float64(o.P99)/1e6)
}

// react sends reactions and checks that the site counts every one that it acknowledged.
func (s *newspaper) react(clients *child, ask func(path string) string) (o outcome, cpu time.Duration, err error) {
	article, err := s.article()
	if err != nil {
		return o, 0, err
	}
	path := "/api/v1" + article + "/reactions"
	before, err := s.cpu()
	if err != nil {
		return o, 0, err
	}
	o, err = clients.drive(job{Addr: s.addr, Connections: reactionClients, Time: reactionTime, Status: 200, Request: ask(path)})
	if err != nil {
		return o, 0, err
	}
	after, err := s.cpu()
	if err != nil {
		return o, 0, err
	}
	counted, err := request(s.addr, "GET", path, nil)
	if err != nil {
		return o, 0, err
	}
	var shown struct{ Counts map[string]int }
	if err := json.Unmarshal(counted.body, &shown); err != nil {
		return o, 0, fmt.Errorf("%s: %w", path, err)
	}
	if shown.Counts["like"] != o.Good {
		return o, 0, fmt.Errorf("%d reactions were acknowledged and %d are counted", o.Good, shown.Counts["like"])
	}
	return o, after - before, nil
}

// bareLog is the process of a log behind HTTP: what is there when a sync returns goes into the next, and is
// acknowledged after it.
func bareLog(args []string) error {
	file, err := os.OpenFile(args[0], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	type entry struct {
		line string
		done chan error
	}
	entries := make(chan entry, 1024)
	go func() {
		for {
			batch := []entry{<-entries}
			for len(entries) > 0 {
				batch = append(batch, <-entries)
			}
			var lines strings.Builder
			for _, e := range batch {
				lines.WriteString(e.line)
			}
			_, err := file.WriteString(lines.String())
			err = errors.Join(err, dataSync(file))
			for _, e := range batch {
				e.done <- err
			}
		}
	}()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	var n atomic.Int64
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Reaction string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, "no reaction", http.StatusBadRequest)
			return
		}
		e := entry{fmt.Sprintf("%d %064d %s\n", time.Now().UnixMilli(), n.Add(1), asked.Reaction), make(chan error, 1)}
		entries <- e
		if err := <-e.done; err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"mine":%q}`, asked.Reaction)
	})}
	return server.Serve(ln)
}
