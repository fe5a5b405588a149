package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// answer is one response, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// request asks once on a connection of its own.
func request(addr, method, path string, header http.Header) (answer, error) {
	r, err := http.NewRequest(method, "http://"+addr+path, nil)
	if err != nil {
		return answer{}, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	// The transport decodes what it asked for itself; here bytes count.
	client := http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       10 * time.Second,
	}
	resp, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err
}

// job is what the load process sends: the same request on so many connections at once.
type job struct {
	Addr        string
	Request     string // as on the wire
	Connections int
	Requests    int           // in all; 0: until Time is over
	Time        time.Duration // only where Requests is 0
	Status      int           // what counts as good
}

// outcome is how it went.
type outcome struct {
	Good, Other int
	Took        time.Duration
	P50, P99    time.Duration // of one answer
	First       string        // the first answer that was not good, in short
}

// drive has the load process do a job.
func (c *child) drive(j job) (o outcome, err error) {
	b, err := json.Marshal(j)
	if err != nil {
		return o, err
	}
	if _, err := fmt.Fprintf(c.in, "%s\n", b); err != nil {
		return o, err
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return o, fmt.Errorf("the load process ended: %w", err)
	}
	if err := json.Unmarshal(line, &o); err != nil {
		return o, err
	}
	if o.Other > 0 {
		return o, fmt.Errorf("%d of %d answers were not as expected: %s", o.Other, o.Good+o.Other, o.First)
	}
	return o, nil
}

// load is the process that sends requests. It uses sockets without net/http, to leave the processor to the server.
func load([]string) error {
	in := json.NewDecoder(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		var j job
		if err := in.Decode(&j); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		o, err := j.do()
		if err != nil {
			return err
		}
		if err := out.Encode(o); err != nil {
			return err
		}
	}
}

func (j job) do() (outcome, error) {
	conns := make([]net.Conn, j.Connections)
	for i := range conns {
		c, err := net.Dial("tcp", j.Addr)
		if err != nil {
			return outcome{}, err
		}
		defer c.Close()
		conns[i] = c
	}
	ctx := context.Background()
	if j.Requests == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, j.Time)
		defer cancel()
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		o     outcome
		took  []time.Duration
		fails []error
		start = time.Now()
	)
	for i, c := range conns {
		all.Go(func() {
			share := j.Requests / j.Connections
			if i < j.Requests%j.Connections {
				share++
			}
			good, other, mine, first, err := j.on(ctx, c, share)
			mu.Lock()
			defer mu.Unlock()
			o.Good += good
			o.Other += other
			took = append(took, mine...)
			if o.First == "" {
				o.First = first
			}
			if err != nil {
				fails = append(fails, err)
			}
		})
	}
	all.Wait()
	o.Took = time.Since(start)
	slices.Sort(took)
	if n := len(took); n > 0 {
		o.P50, o.P99 = took[n/2], took[n*99/100]
	}
	return o, errors.Join(fails...)
}

// on sends on one connection, the next request after the whole answer to the one before.
func (j job) on(ctx context.Context, c net.Conn, share int) (good, other int, took []time.Duration, first string, err error) {
	send := []byte(j.Request)
	in := bufio.NewReaderSize(c, 64<<10)
	for n := 0; ctx.Err() == nil && (j.Requests == 0 || n < share); n++ {
		began := time.Now()
		if _, err := c.Write(send); err != nil {
			return good, other, took, first, err
		}
		status, head, err := skipAnswer(in)
		if err != nil {
			return good, other, took, first, err
		}
		took = append(took, time.Since(began))
		if status == j.Status {
			good++
			continue
		}
		if other++; first == "" {
			first = head
		}
	}
	return good, other, took, first, nil
}

// skipAnswer reads one answer and returns its status and its first line.
func skipAnswer(in *bufio.Reader) (status int, head string, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, "", err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, "", fmt.Errorf("not an answer: %q", line)
	}
	status, err = strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, "", fmt.Errorf("not an answer: %q", line)
	}
	if status != 200 {
		head = strings.TrimSpace(string(line))
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, "", err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		const name = "content-length:"
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return 0, "", err
			}
		}
	}
	if length < 0 {
		return 0, "", errors.New("an answer without Content-Length, which this client does not read")
	}
	_, err = in.Discard(length)
	return status, head, err
}
