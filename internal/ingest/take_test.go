package ingest_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/ingest"
	"sokbo/internal/market"
	"sokbo/internal/story"
)

// take reads and takes a page.
func take(t *testing.T, d *db.DB, text string, o ingest.Options) ingest.Result {
	t.Helper()
	p, _ := parse(t, []byte(text))
	r, err := ingest.Take(t.Context(), d, story.New(d), p, o)
	if err != nil {
		t.Fatalf("Take: %v", err)
	}
	return r
}

func ours(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../testdata/page.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTake(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, text, stories := t.Context(), ours(t), story.New(d)
		r := take(t, d, text, ingest.Options{})
		if r.Outcome != story.Taken || r.Rail {
			t.Fatalf("the first time: %+v", r)
		}
		a, err := stories.Article(ctx, r.Number)
		if err != nil {
			t.Fatal(err)
		}
		if got := clock(a.Published) + " " + clock(a.Modified); got != "2025-03-18 09:12:00 2025-03-18 14:40:00" {
			t.Errorf("입력 and 수정 are %s", got)
		}
		if !strings.HasPrefix(a.Headline, "오세린 ‘해상풍력 직접투자’ 공식화…日") {
			t.Errorf("headline %q", a.Headline)
		}

		if again := take(t, d, text, ingest.Options{}); again.Outcome != story.Unchanged || again.Number != r.Number {
			t.Errorf("the same page again: %+v", again)
		}
		const was, is = "중소업체 121곳은", "중소업체 118곳은"
		older := strings.Replace(text, was, is, 1)
		older = strings.Replace(older, "수정 2025-03-18 14:40", "수정 2025-03-18 13:00", 1)
		if got := take(t, d, older, ingest.Options{}); got.Outcome != story.Older {
			t.Errorf("an older page: %+v", got)
		}
		newer := strings.Replace(text, was, is, 1)
		newer = strings.Replace(newer, "수정 2025-03-18 14:40", "수정 2025-03-19 08:00", 1)
		if got := take(t, d, newer, ingest.Options{}); got.Outcome != story.Changed || got.Number != r.Number {
			t.Errorf("a corrected page: %+v", got)
		}
		a, versions, err := stories.History(ctx, r.Number)
		if err != nil || len(versions) != 2 || clock(a.Published) != "2025-03-18 09:12:00" {
			t.Fatalf("history: %d versions, 입력 %s, %v", len(versions), clock(a.Published), err)
		}
		// The corrected paragraph kept its id, so that the history shows the word that changed.
		before, _ := versions[1].Content.Doc()
		after, _ := versions[0].Content.Doc()
		for i, b := range after.Blocks() {
			if b.ID != before.Blocks()[i].ID {
				t.Errorf("block %d has another id: %s", i, b.Text)
			}
		}
	})
}

func TestTakeUndated(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	dbtest.EachOptions(t, dbtest.Options{Now: func() time.Time { return now }}, func(t *testing.T, d *db.DB) {
		const text = "나루항 크레인 사고\n\n사고는 새벽 4시께 났다. 다친 사람은 없는 것으로 전해졌다.\n"
		r := take(t, d, text, ingest.Options{})
		now = now.Add(time.Hour)
		if again := take(t, d, text, ingest.Options{}); again.Outcome != story.Unchanged || again.Number != r.Number {
			t.Errorf("an undated page again: %+v", again)
		}
		r = take(t, d, "나루항 크레인 수리\n수정 2025-08-14 05:51\n\n수리는 사흘 걸린다. 부두는 그동안 문을 닫는다고 했다.\n", ingest.Options{})
		if a, err := story.New(d).Article(t.Context(), r.Number); err != nil || clock(a.Published) != "2025-08-14 05:51:00" {
			t.Errorf("a page with 수정 alone is from %s (%v)", clock(a.Published), err)
		}
	})
}

func TestTakeRail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, stories := t.Context(), story.New(d)
		o := ingest.Options{Rail: true, Captured: time.Date(2025, 3, 18, 20, 0, 0, 0, seoul)}
		if r := take(t, d, "나루항 크레인 사고\n입력 2025-03-17 05:51\n", o); r.Rail {
			t.Error("a page without lists filled the front")
		}
		r := take(t, d, ours(t), o)
		if !r.Rail {
			t.Fatalf("the front stayed empty: %+v", r)
		}
		f, err := stories.Front(ctx, "ko", "ko")
		if err != nil || f.Lead == nil || f.Lead.Number != r.Number {
			t.Fatalf("the lead is %+v (%v)", f.Lead, err)
		}
		main := f.Main("")
		if len(main) != story.Mains || main[0].Headline != "“월세가 월급을 앞질렀다”…대학가 원룸, 전세가 사라진 자리" || main[0].Series != "한 장 경제" {
			t.Errorf("주요 뉴스 is %+v", main)
		}

		m, err := market.New(ctx, market.Options{DB: d, Zone: seoul, Language: "ko"})
		if err != nil {
			t.Fatal(err)
		}
		coins, ok := m.Board(market.Crypto)
		if !ok || len(coins.Quotes) != 12 || !coins.Stated {
			t.Fatalf("the board of coins: %+v", coins)
		}
		var got []string
		for _, q := range coins.Quotes[:4] {
			got = append(got, strings.Join([]string{q.Key, q.Name, q.Price, q.ChangeRate}, " "))
		}
		want := []string{"BTC 비트코인 121480000 0.01370000", "ETH 이더리움 2846000 -0.00520000", "BCH 비트코인 캐시 489900 0.00060000", "XRP 리플 3402 0.02910000"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows (- want, + got):\n%s", diff)
		}
		movers, ok := m.Board(market.Movers)
		if !ok || len(movers.Quotes) != 0 || movers.Session.Note != "03.18 장종료" || movers.Session.Date != "2025-03-18" {
			t.Errorf("the rising list: %+v", movers)
		}

		other, err := os.ReadFile("testdata/nested.txt")
		if err != nil {
			t.Fatal(err)
		}
		if r := take(t, d, string(other), o); r.Outcome != story.Taken || r.Rail {
			t.Errorf("a second page: %+v", r)
		}
		if f, err = stories.Front(ctx, "ko", "ko"); err != nil || f.Lead.Number != r.Number {
			t.Errorf("a second page took the lead: %+v (%v)", f.Lead, err)
		}
	})
}

// TestTakeRailWithOddFigures holds that a row that cannot be shown never costs the rest.
func TestTakeRailWithOddFigures(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, dbtest.Options{})
	take(t, d, string(around("오늘의 상승종목\n07.16 장중\n새벽소재 18,450 29.93% ▲\n다온중공업 87,300 ▼1,200 1.36%\n새벽소재 18,450 +29.93%\n가람조선해양 25,150 －8.40%\n무명씨 상승 2.5%\n")), ingest.Options{Rail: true})
	m, err := market.New(t.Context(), market.Options{DB: d, Zone: seoul, Language: "ko"})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := m.Board(market.Movers)
	var got []string
	for _, q := range b.Quotes {
		got = append(got, q.Name+" "+q.Price+" "+q.ChangeRate)
	}
	want := []string{"새벽소재 18450 0.29930000", "다온중공업 87300 -0.01360000", "가람조선해양 25150 -0.08400000", "무명씨  0.02500000"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (- want, + got):\n%s", diff)
	}
}
