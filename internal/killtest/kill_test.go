//go:build kill

// Package killtest kills the program while it works, and looks whether anything is missing that it had
// acknowledged.
//
// Each kill is a SIGKILL at a moment that the seed decides, with many requests on their way; on PostgreSQL each
// fourth one takes the database's server with it. Then the program is started again, on the same data, and what it
// holds is compared with what its clients were told. The kills are shared out over the subjects: what is
// acknowledged is added to the list below.
//
// SIGKILL leaves the kernel's buffers alone, so this shows the order of commit and answer and what a start makes
// of a half-done commit. That a commit waits for the disk is a setting that the database reads back at its start.
//
//	go test -tags kill -v ./internal/killtest/ -kills 20 -seed 7
package killtest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	kills = flag.Int("kills", 20, "how often the program is killed on each database")
	seed  = flag.Uint64("seed", 0, "decides the moments of the kills; 0 takes one from the clock and prints it")
)

const (
	// minInFlight is how many requests are on their way when the program is killed.
	minInFlight = 32
	// maxWork is the longest that a subject works before a kill.
	maxWork = 600 * time.Millisecond
	// upGoal is how soon the program must answer again. A busy machine may miss it by chance, so the test fails
	// only at upLimit; what was seen is printed.
	upGoal, upLimit = 3 * time.Second, 5 * upGoal
	// minTelling is the part of the kills after which something must be stored whose answer never came. With
	// fewer the kills fall where nothing is going on, and prove nothing.
	minTelling = 0.10
	// databaseToo is how often a kill takes the database's own server with it, if it has one: each fourth time.
	databaseToo = 4
)

// A subject is something that the program acknowledges.
type subject interface {
	// work keeps at least minInFlight requests on their way until stop is closed, and returns when all have
	// ended. The program is killed before stop is closed.
	work(p *paper, stop <-chan struct{})
	// inFlight is how many requests are on their way.
	inFlight() int64
	// check compares what the program holds with what it acknowledged, and fails the test where that is not so.
	check(t *testing.T, p *paper) outcome
}

// subjects holds all of them. Each is started once for a database, and remembers all that it was told there.
var subjects = []struct {
	name  string
	start func(t *testing.T, p *paper) subject
}{
	{"reactions", newReactions},
}

// An outcome is what one kill did.
type outcome struct {
	acknowledged int // since the kill before
	unanswered   int // asked before the kill, and no answer came
	stored       int // of these, how many have been done all the same
}

func (m moment) describe(subject string) string {
	what, when := "program", "after"
	if m.database {
		what = "program and database"
	}
	if m.atAnswer {
		when = "at an answer after"
	}
	return fmt.Sprintf("%s %s %d ms of %s", what, when, m.after.Milliseconds(), subject)
}

func TestKilled(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", *seed)
	program := build(t)
	t.Run("SQLite", func(t *testing.T) { killAgainAndAgain(t, newPaper(t, program, newSQLite(t)), 1) })
	t.Run("PostgreSQL", func(t *testing.T) { killAgainAndAgain(t, newPaper(t, program, newPostgres(t)), 2) })
}

func killAgainAndAgain(t *testing.T, p *paper, stream uint64) {
	moments := rand.New(rand.NewPCG(*seed, stream))
	p.start(t)
	var working []subject
	for _, s := range subjects {
		working = append(working, s.start(t, p))
	}
	var total outcome
	var telling int
	var slowest time.Duration
	for n, beside := 0, 0; n < *kills; n++ {
		s := n % len(subjects)
		m := moment{
			after:    time.Duration(moments.Int64N(int64(maxWork))),
			atAnswer: moments.IntN(4) != 0, // such kills tell more
			database: n%databaseToo == databaseToo-1 && p.database.pid() != 0,
		}
		p.killDuring(t, working[s], m)
		up := p.start(t)
		o := working[s].check(t, p)
		t.Logf("kill %3d: %s; %d acknowledged, %d unanswered of which %d stored; up in %.2f s",
			n+1, m.describe(subjects[s].name), o.acknowledged, o.unanswered, o.stored, up.Seconds())
		if up > upLimit {
			t.Errorf("up again after %v; the goal is %v", up, upGoal)
		}
		if t.Failed() {
			t.Fatalf("the program said since its last start:\n%s", p.said())
		}
		slowest = max(slowest, up)
		total.acknowledged += o.acknowledged
		if o.unanswered < minInFlight {
			// The clients were all between two requests. It is done again, and not for ever.
			if beside++; beside > *kills {
				t.Fatalf("%d kills met fewer than %d requests in flight", beside, minInFlight)
			}
			n--
			continue
		}
		total.unanswered += o.unanswered
		if o.stored > 0 {
			telling++
		}
	}
	p.database.sound(t, p.data)
	summary := fmt.Sprintf("%d kills, %d acknowledged and none lost, %d unanswered; after %d kills something was stored whose answer never came; slowest start %.2f s",
		*kills, total.acknowledged, total.unanswered, telling, slowest.Seconds())
	if float64(telling) < minTelling*float64(*kills) {
		t.Errorf("the kills fell beside the work: %s", summary)
	}
	if slowest > upGoal {
		summary += fmt.Sprintf(", ABOVE THE GOAL of %v", upGoal)
	}
	t.Log(summary)
}
