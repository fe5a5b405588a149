package story_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sokbo/internal/body"
	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/fault"
	"sokbo/internal/story"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// each runs f on both databases with stories at a clock that stands still.
func each(t *testing.T, f func(t *testing.T, d *db.DB, s *story.Stories, c *clock)) {
	c := &clock{}
	dbtest.EachOptions(t, dbtest.Options{Now: c.Now}, func(t *testing.T, d *db.DB) {
		c.now = start
		f(t, d, story.New(d), c)
	})
}

func content(t *testing.T, headline string, paragraphs ...string) story.Content {
	t.Helper()
	var nodes []body.Node
	for _, p := range paragraphs {
		nodes = append(nodes, body.Paragraph(p))
	}
	doc, err := body.FromContent(nodes...)
	if err != nil {
		t.Fatal(err)
	}
	return story.Content{Language: "ko", Headline: headline, Body: doc.Bytes()}
}

func write(t *testing.T, d *db.DB, f func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *db.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// publish makes a story with one version.
func publish(t *testing.T, d *db.DB, s *story.Stories, c story.Content, at time.Time) story.Ref {
	t.Helper()
	var r story.Ref
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		if r, err = s.Create(ctx, tx, c.Language, ""); err != nil {
			return err
		}
		_, err = s.Publish(ctx, tx, r.ID, 0, c, at, 0)
		return err
	})
	return r
}

func TestPublishedStoryIsSeenAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		r := publish(t, d, s, content(t, "日, AI 패권 위해 脫네이버", "첫 문단."), time.Time{})
		if !story.IsNumber(r.Number) {
			t.Errorf("number = %q; want ten digits", r.Number)
		}
		before := d.Queries()
		a, err := s.Article(t.Context(), r.Number)
		if err != nil {
			t.Fatal(err)
		}
		if n := d.Queries() - before; n != 1 {
			t.Errorf("an article took %d queries; want 1", n)
		}
		if a.Headline != "日, AI 패권 위해 脫네이버" || a.N != 1 || !a.Published.Equal(start) || !a.Modified.Equal(start) {
			t.Errorf("article = %+v", a)
		}
	})
}

func TestScheduleAndCorrectionAppearByTheClock(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		r := publish(t, d, s, content(t, "예약 기사", "가."), start.Add(time.Hour))
		if _, err := s.Article(t.Context(), r.Number); fault.KindOf(err) != fault.NotFound {
			t.Errorf("before its moment: %v; want not found", err)
		}
		if _, err := s.Find(t.Context(), r.Number); fault.KindOf(err) != fault.NotFound {
			t.Errorf("found before its moment: %v", err)
		}
		if list, _ := s.Newest(t.Context(), "ko", 10); len(list) != 0 {
			t.Errorf("a list shows %d stories before their moment", len(list))
		}
		c.now = start.Add(time.Hour)
		a, err := s.Article(t.Context(), r.Number)
		if err != nil || !a.Published.Equal(c.now) {
			t.Fatalf("at its moment: %v, published %v", err, a.Published)
		}

		correction := content(t, "예약 기사", "나.")
		correction.Kind, correction.Note = "정정", "가를 나로 바로잡습니다."
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Publish(ctx, tx, r.ID, 1, correction, c.now.Add(time.Minute), 0)
			return err
		})
		if a, _ := s.Article(t.Context(), r.Number); a.N != 1 {
			t.Errorf("version %d is live before its moment", a.N)
		}
		if _, all, _ := s.History(t.Context(), r.Number); len(all) != 1 {
			t.Errorf("the history tells of %d versions; the scheduled one must not be in it", len(all))
		}
		c.now = c.now.Add(time.Minute)
		a, err = s.Article(t.Context(), r.Number)
		if err != nil || a.N != 2 || a.Kind != "정정" {
			t.Errorf("after its moment: version %d (%v); want 2", a.N, err)
		}
		if !a.Published.Equal(start.Add(time.Hour)) || !a.Modified.Equal(c.now) {
			t.Errorf("published %v, modified %v", a.Published, a.Modified)
		}
	})
}

func TestReplacedScheduleIsVoidAndNeverSeen(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		r := publish(t, d, s, content(t, "하나", "가."), time.Time{})
		c.now = c.now.Add(time.Minute)
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Publish(ctx, tx, r.ID, 1, content(t, "비밀", "나."), c.now.Add(time.Hour), 0)
			return err
		})
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Publish(ctx, tx, r.ID, 2, content(t, "셋", "다."), time.Time{}, 0)
			return err
		})
		c.now = c.now.Add(2 * time.Hour)
		a, all, err := s.History(t.Context(), r.Number)
		if err != nil || a.N != 3 || len(all) != 3 {
			t.Fatalf("version %d, %d in the history (%v); want 3 and 3", a.N, len(all), err)
		}
		if v := all[1]; !v.Void || v.Content != nil || v.N != 2 || v.Hash == (story.Hash{}) {
			t.Errorf("the void version shows %+v; want only its n and hash", v)
		}
		if err := s.Check(t.Context(), r); err != nil {
			t.Errorf("the chain: %v", err)
		}
	})
}

func TestChainCoversEverything(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		r := publish(t, d, s, content(t, "하나", "가."), time.Time{})
		for n := int64(1); n <= 3; n++ {
			c.now = c.now.Add(time.Minute)
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Publish(ctx, tx, r.ID, n, content(t, fmt.Sprint("판 ", n+1), "가."), time.Time{}, 0)
				return err
			})
		}
		if err := s.Check(t.Context(), r); err != nil {
			t.Fatalf("an untouched chain: %v", err)
		}
		for _, tamper := range []string{
			`UPDATE version SET content = replace(content, '판 2', '판 9') WHERE n = 2`,
			`UPDATE version SET made_at = made_at + 1 WHERE n = 3`,
			`UPDATE version SET visible_at = visible_at - 1 WHERE n = 1`,
			`DELETE FROM version WHERE n = 2`,
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				if _, err := tx.Exec(t.Context(), tamper); err != nil {
					return err
				}
				if err := s.CheckIn(t.Context(), tx, r); err == nil {
					t.Errorf("%s went unseen", tamper)
				}
				return errUndo
			})
			if err != errUndo {
				t.Fatal(err)
			}
		}
		// A lawful takedown removes a content; the chain still holds.
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE version SET content = NULL WHERE n = 2`)
			return err
		})
		if err := s.Check(t.Context(), r); err != nil {
			t.Errorf("after a takedown: %v", err)
		}
	})
}

var errUndo = fmt.Errorf("undo")

func TestPublishRefusesWhatTheAuthorDidNotSee(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		r := publish(t, d, s, content(t, "하나", "가."), time.Time{})
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := s.Publish(t.Context(), tx, r.ID, 0, content(t, "둘", "나."), time.Time{}, 0)
			return err
		})
		if fault.CodeOf(err) != "story-version" {
			t.Errorf("publishing over an unseen version: %v; want story-version", err)
		}
	})
}

func TestContentIsChecked(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		for name, c := range map[string]story.Content{
			"no headline":      content(t, "  ", "가."),
			"long headline":    content(t, strings.Repeat("가", story.MaxHeadline+1), "가."),
			"control":          content(t, "가\x00나", "가."),
			"unknown language": {Language: "xx", Headline: "가", Body: content(t, "가", "가.").Body},
			"broken body":      {Language: "ko", Headline: "가", Body: []byte(`{"v":1,"doc":{"type":"script"}}`)},
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				r, err := s.Create(t.Context(), tx, "ko", "")
				if err != nil {
					return err
				}
				_, err = s.Publish(t.Context(), tx, r.ID, 0, c, time.Time{}, 0)
				return err
			})
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v; want invalid", name, err)
			}
		}
		longest := content(t, strings.Repeat("가", story.MaxHeadline), "가.")
		r := publish(t, d, s, longest, time.Time{})
		if a, err := s.Article(t.Context(), r.Number); err != nil || a.Headline != longest.Headline {
			t.Errorf("the longest headline: %v", err)
		}
	})
}

func TestWithdrawnStoryIsGone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		r := publish(t, d, s, content(t, "하나", "가."), time.Time{})
		write(t, d, func(ctx context.Context, tx *db.Tx) error { return s.Withdraw(ctx, tx, r.ID) })
		if _, err := s.Article(t.Context(), r.Number); fault.KindOf(err) != fault.Gone {
			t.Errorf("article: %v; want gone", err)
		}
		if st, err := s.Find(t.Context(), r.Number); fault.KindOf(err) != fault.Gone || st.N != 1 {
			t.Errorf("find: %+v, %v; want its state and gone", st, err)
		}
		if list, _ := s.Newest(t.Context(), "ko", 10); len(list) != 0 {
			t.Error("a list shows a withdrawn story")
		}
	})
}

func TestNumbersOfStrangers(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		for _, n := range []string{"", "1", "0123456789", "12345678901", "１２３４５６７８９０", "1234567890'", "9999999999"} {
			if _, err := s.Article(t.Context(), n); fault.KindOf(err) != fault.NotFound {
				t.Errorf("Article(%q): %v; want not found", n, err)
			}
		}
	})
}

func TestImport(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		published := time.Date(2024, 6, 20, 7, 34, 0, 0, time.UTC)
		take := func(c story.Content, modified time.Time) (r story.Ref, o story.Outcome) {
			t.Helper()
			write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
				r, o, err = s.Import(ctx, tx, "https://old.example/1", c, published, modified)
				return err
			})
			return r, o
		}
		one := content(t, "제목", "협력사 121곳에 물었다.", "둘째 문단.")
		r, o := take(one, published)
		if o != story.Taken {
			t.Fatalf("outcome %d; want taken", o)
		}
		if again, o := take(one, published); o != story.Unchanged || again != r {
			t.Errorf("the same page again: %v, outcome %d", again, o)
		}
		two := content(t, "제목", "협력사 118곳에 물었다.", "둘째 문단.")
		if _, o := take(two, published.Add(time.Hour)); o != story.Changed {
			t.Errorf("another text: outcome %d; want a new version", o)
		}
		if _, o := take(one, published.Add(time.Minute)); o != story.Older {
			t.Errorf("an older text: outcome %d; want older", o)
		}
		a, all, err := s.History(t.Context(), r.Number)
		if err != nil || len(all) != 2 {
			t.Fatalf("%d versions (%v); want 2", len(all), err)
		}
		if !a.Published.Equal(published) || !a.Modified.Equal(published.Add(time.Hour)) || !all[0].MadeAt.Equal(start) {
			t.Errorf("published %v, modified %v, made %v", a.Published, a.Modified, all[0].MadeAt)
		}
		old, _ := all[1].Content.Doc()
		now, _ := all[0].Content.Doc()
		if got := body.Diff(old, now); len(got) != 2 || got[0].Op != body.Changed || got[1].Op != body.Same {
			t.Errorf("the change between imports is %+v; want one paragraph changed by words", got)
		}
		if err := s.Check(t.Context(), r); err != nil {
			t.Error(err)
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) error { return s.Withdraw(ctx, tx, r.ID) })
		if _, o := take(two, published.Add(2*time.Hour)); o != story.Refused {
			t.Errorf("importing a withdrawn story: outcome %d; want refused", o)
		}
	})
}

func TestImportWithoutTimesIsIdempotent(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		for i, want := range []story.Outcome{story.Taken, story.Unchanged} {
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				_, o, err := s.Import(ctx, tx, "sha256:x", content(t, "제목", "가."), time.Time{}, time.Time{})
				if o != want {
					t.Errorf("import %d: outcome %d; want %d", i+1, o, want)
				}
				return err
			})
			c.now = c.now.Add(time.Hour)
		}
	})
}

func TestFrontFillsItsPlaces(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		f, err := s.Front(t.Context(), "ko", "ko")
		if err != nil || f.Lead != nil || len(f.Main("")) != 0 {
			t.Fatalf("an empty paper: %+v, %v", f, err)
		}
		var refs []story.Ref
		for i := range 12 {
			c.now = start.Add(time.Duration(i) * time.Minute)
			refs = append(refs, publish(t, d, s, content(t, fmt.Sprint("기사 ", i), "가."), time.Time{}))
		}
		end := c.now.Add(time.Hour)
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			return s.SetFront(ctx, tx, "ko", []story.Slot{
				{Place: "lead", Story: refs[0].ID},
				{Place: "second:2", Story: refs[1].ID, Ends: db.Millis(end)},
				{Place: "main:1", Text: "남의 기사", Label: "이슈크래커"},
				{Place: "main:3", Story: refs[2].ID},
			}, 0)
		})
		f, err = s.Front(t.Context(), "ko", "ko")
		if err != nil {
			t.Fatal(err)
		}
		if f.Lead.Ref != refs[0] || !f.Lead.Pinned {
			t.Errorf("lead = %+v; want the pinned story", f.Lead)
		}
		if got := []string{f.Seconds[0].Number, f.Seconds[1].Number}; got[0] != refs[11].Number || got[1] != refs[1].Number {
			t.Errorf("seconds = %v; want the newest, then the pinned one", got)
		}
		mains := f.Main(refs[11].Number)
		if len(mains) != story.Mains || mains[0].Headline != "남의 기사" || mains[2].Ref != refs[2] {
			t.Errorf("main = %+v", mains)
		}
		seen := map[string]bool{}
		for _, e := range mains {
			if e.Number == refs[11].Number || e.Number != "" && seen[e.Number] {
				t.Errorf("story %s stands in its own 주요 뉴스, or twice", e.Number)
			}
			seen[e.Number] = true
		}

		c.now = end
		if f, _ = s.Front(t.Context(), "ko", "ko"); f.Seconds[1].Ref == refs[1] {
			t.Error("a pin is in force after its end")
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) error { return s.Withdraw(ctx, tx, refs[0].ID) })
		if f, _ = s.Front(t.Context(), "ko", "ko"); f.Lead.Ref != refs[11] {
			t.Errorf("a withdrawn story leads: %+v", f.Lead)
		}
	})
}

func TestFrontRefusesWrongPlaces(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, s *story.Stories, c *clock) {
		for _, slots := range [][]story.Slot{
			{{Place: "main:9", Text: "가"}},
			{{Place: "main:0", Text: "가"}},
			{{Place: "", Text: "가"}},
			{{Place: "lead", Text: "가"}, {Place: "lead", Text: "나"}},
			{{Place: "lead"}},
			{{Place: "lead", Text: "가", URL: "javascript:alert(1)"}},
		} {
			err := d.Write(t.Context(), func(tx *db.Tx) error { return s.SetFront(t.Context(), tx, "ko", slots, 0) })
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v; want invalid", slots, err)
			}
		}
	})
}
