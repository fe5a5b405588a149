package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sokbo/internal/live"
)

// frameBytes is about what a board of twelve coins sends when two of them moved.
const frameBytes = 500

// benchLive sends frames to readers over real sockets.
func benchLive(ctx context.Context, b *bench) error {
	for _, readers := range []int{1_000, 10_000} {
		if err := b.fanOut(ctx, readers); err != nil {
			return fmt.Errorf("%d readers: %w", readers, err)
		}
	}
	return nil
}

func (b *bench) fanOut(ctx context.Context, readers int) error {
	server, err := b.startRole(ctx, "live-server")
	if err != nil {
		return err
	}
	defer server.kill()
	var addr string
	if err := server.read(&addr); err != nil {
		return err
	}
	var empty, full int64
	if err := server.ask("memory", &empty); err != nil {
		return err
	}
	clients, err := b.startRole(ctx, "live-clients", addr, strconv.Itoa(readers))
	if err != nil {
		return err
	}
	defer clients.kill()
	if err := clients.read(new(string)); err != nil { // all have their snapshots
		return err
	}
	if err := server.ask("memory", &full); err != nil {
		return err
	}
	frames := max(20, 100_000/readers)
	gap := time.Duration(readers) * 40 * time.Microsecond // so that the clients keep up too
	var cpu, publishing time.Duration
	if err := server.ask(fmt.Sprintf("publish %d %d", frames, gap), &cpu, &publishing); err != nil {
		return err
	}
	var events int64
	if err := clients.ask("count", &events); err != nil {
		return err
	}
	b.add(row{what: fmt.Sprintf("one frame of %d bytes to %d readers, processor of one delivery", frameBytes, readers), figure: micros(cpu / time.Duration(events))})
	b.add(row{what: "  delivered (the others were skipped for a newer state)", figure: fmt.Sprintf("%.1f %%", 100*float64(events)/float64(frames*readers))})
	b.add(row{what: "  the publisher was held up for", figure: fmt.Sprintf("%.1f ms", float64(publishing)/float64(frames)/1e6)})
	b.add(row{what: "  memory of one idle reader, without the kernel's", figure: fmt.Sprintf("%.1f kB", float64(full-empty)/float64(readers)/1e3)})
	return nil
}

// liveServer is the process of the hub: it prints its address and answers what it is asked on standard input.
func liveServer([]string) error {
	hub := live.NewHub(live.Options{})
	board, site := hub.Topic("board.crypto"), hub.Topic("site")
	data := []byte(`{"topic":"board.crypto","x":"` + strings.Repeat("x", frameBytes-30) + `"}`)
	board.Publish(data, nil)
	site.Publish([]byte(`{"topic":"site"}`), nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := http.Server{
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			c.(*net.TCPConn).SetWriteBuffer(16 << 10) // as web does for a stream
			return ctx
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			hub.Serve(w, r, strings.Split(r.FormValue("topics"), ","))
		}),
	}
	go server.Serve(ln)
	fmt.Println(ln.Addr())

	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		var frames int
		var gap time.Duration
		if asked.Text() == "memory" {
			debug.FreeOSMemory()
			n, err := residentBytes()
			if err != nil {
				return err
			}
			fmt.Println(n)
			continue
		}
		if _, err := fmt.Sscanf(asked.Text(), "publish %d %d", &frames, &gap); err != nil {
			return fmt.Errorf("%q: %w", asked.Text(), err)
		}
		before := ownCPU()
		var publishing time.Duration
		for range frames {
			began := time.Now()
			if err := board.Publish(data, data); err != nil {
				return err
			}
			publishing += time.Since(began)
			time.Sleep(gap)
		}
		time.Sleep(500 * time.Millisecond) // for the last frame
		fmt.Println(int64(ownCPU()-before), int64(publishing))
	}
	return hub.Close(context.Background())
}

// liveClients is the process of the readers. It says so when all have a snapshot, and then how many more events
// came since it was last asked.
func liveClients(args []string) error {
	addr := args[0]
	readers, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	var events atomic.Int64
	failed := make(chan error, readers)
	for range readers {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(conn, "GET /live?topics=board.crypto,site HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			return err
		}
		go func() { failed <- countEvents(conn, &events) }()
	}
	for events.Load() < int64(2*readers) {
		select {
		case err := <-failed:
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
	fmt.Println("ready")
	before := events.Load()
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		now := events.Load()
		fmt.Println(now - before)
		before = now
	}
	return nil
}

// countEvents counts the ids that arrive, also where one is cut by the end of a read.
func countEvents(conn net.Conn, events *atomic.Int64) error {
	mark := []byte("\nid: ")
	buf := make([]byte, 1500)
	kept := 0
	for {
		n, err := conn.Read(buf[kept:])
		if err != nil {
			return err
		}
		b := buf[:kept+n]
		events.Add(int64(bytes.Count(b, mark)))
		kept = copy(buf, b[max(0, len(b)-len(mark)+1):])
	}
}
