package reaction_test

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/db/dbtest/postgres"
	"sokbo/internal/reaction"
)

// BenchmarkAcknowledged counts the reactions of new readers that are acknowledged in a second, each client
// waiting for its answer, on databases that force every commit to the disk. "log" is the bare minimum on the same
// disk: the same groups, appended to a file and synced. Run it with -benchtime 20000x or more.
//
// The tables hold some reactions before it begins, since the first ones are cheaper.
func BenchmarkAcknowledged(b *testing.B) {
	for _, clients := range []int{1, 64, 512} {
		name := map[int]string{1: "1 client", 64: "64 clients", 512: "512 clients"}[clients]
		b.Run("log/"+name, func(b *testing.B) { acknowledge(b, clients, newLog(b).add) })
		b.Run("SQLite/"+name, func(b *testing.B) {
			benchmark(b, clients, dbtest.Open(b, db.SQLite, dbtest.Options{Synced: true}))
		})
		b.Run("PostgreSQL/"+name, func(b *testing.B) { benchmark(b, clients, durablePostgres(b)) })
	}
}

const grown = 50_000 // reactions

func durablePostgres(b *testing.B) *db.DB {
	s, err := postgres.Start(b.Context(), true)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Stop() })
	d, err := db.Open(b.Context(), db.Options{URL: s.URL("postgres")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	return d
}

func benchmark(b *testing.B, clients int, d *db.DB) {
	x := reaction.New(reaction.Options{DB: d, Key: key})
	run(b, x)
	from := netip.MustParseAddr("192.0.2.1")
	one := func() error {
		_, err := x.Set(context.Background(), 1, reaction.NewReader(), from, reaction.Like)
		return err
	}
	ask(b, 512, grown, one)
	acknowledge(b, clients, one)
}

// acknowledge has clients call one b.N times together, and reports how it went.
func acknowledge(b *testing.B, clients int, one func() error) {
	b.ResetTimer()
	took := ask(b, clients, b.N, one)
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "acknowledged/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// ask has clients call one n times together and returns how long each call took.
func ask(b *testing.B, clients, n int, one func() error) []time.Duration {
	var left atomic.Int64
	left.Store(int64(n))
	took := make([][]time.Duration, clients)
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				began := time.Now()
				if err := one(); err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(began))
			}
		})
	}
	wg.Wait()
	return slices.Concat(took...)
}

// A plainLog is a file that groups what arrives while the last group is synced.
type plainLog struct {
	file  *os.File
	queue chan chan error
}

func newLog(b *testing.B) *plainLog {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	l := &plainLog{f, make(chan chan error, reaction.MaxQueued)}
	var wg sync.WaitGroup
	wg.Go(l.run)
	b.Cleanup(func() {
		close(l.queue)
		wg.Wait()
		f.Close()
	})
	return l
}

func (l *plainLog) add() error {
	done := make(chan error, 1)
	l.queue <- done
	return <-done
}

func (l *plainLog) run() {
	record := bytes.Repeat([]byte{'r'}, 40) // story, reader, kind, time
	for first := range l.queue {
		group := []chan error{first}
		for len(group) < reaction.MaxBatch && len(l.queue) > 0 {
			group = append(group, <-l.queue)
		}
		_, err := l.file.Write(bytes.Repeat(record, len(group)))
		if err == nil {
			err = l.file.Sync()
		}
		for _, done := range group {
			done <- err
		}
	}
}
