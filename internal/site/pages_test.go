package site_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sokbo/internal/api"
	"sokbo/internal/body"
	"sokbo/internal/db"
	"sokbo/internal/db/dbtest"
	"sokbo/internal/market"
	"sokbo/internal/page"
	"sokbo/internal/reaction"
	"sokbo/internal/site"
	"sokbo/internal/site/theme"
	"sokbo/internal/story"
	"sokbo/internal/web"
)

// paper is a newspaper without a socket: everything that answers a request, and a clock.
type paper struct {
	t       *testing.T
	db      *db.DB
	stories *story.Stories
	server  http.Handler
	cookies map[string]string
}

var morning = time.Date(2026, 11, 24, 0, 53, 0, 0, time.UTC) // 09:53 in Seoul

// each runs f on a paper over each database. The clock stands until f moves it.
func each(t *testing.T, f func(p *paper, clock *atomic.Int64)) {
	for _, dialect := range []db.Dialect{db.SQLite, db.PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			var clock atomic.Int64
			clock.Store(morning.UnixMilli())
			d := dbtest.Open(t, dialect, dbtest.Options{Now: func() time.Time { return time.UnixMilli(clock.Load()) }})
			f(newPaper(t, d), &clock)
		})
	}
}

func newPaper(t *testing.T, d *db.DB) *paper {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	zone, err := time.LoadLocation("Asia/Seoul")
	must(err)
	origin, err := web.ParseOrigin("http://localhost:8080")
	must(err)
	assets, err := web.NewAssets(theme.Assets())
	must(err)
	prices, err := market.New(t.Context(), market.Options{DB: d, Now: d.Now, Zone: zone, Language: "ko"})
	must(err)
	stories, reactions := story.New(d), reaction.New(reaction.Options{DB: d, Key: []byte("a key that only the test knows"), NewPerHour4: 2})
	pages := page.New(page.Options{Now: d.Now})
	s, err := site.New(site.Options{
		Stories: stories, Market: prices, Reactions: reactions, Pages: pages, Assets: assets, Origin: origin,
		Paper: theme.Paper{Name: "나루경제"}, Zone: zone, Language: "ko", Now: d.Now,
	})
	must(err)
	programs := api.New(api.Options{Stories: stories, Market: prices, Reactions: reactions, Reader: s.Reader, React: s.React})
	csp, err := s.CSP()
	must(err)
	server, err := web.New(web.Options{
		Origin: origin, Routes: append(s.Routes(), programs.Routes()...), CSP: csp, Pages: pages.Lookup, ErrorPage: s.ErrorPage,
	})
	must(err)
	d.Follow(follower{pages})
	d.Follow(prices)

	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- reactions.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return &paper{t, d, stories, server, map[string]string{}}
}

type follower struct{ pages *page.Cache }

func (f follower) Apply(changes []db.Change) {
	for _, c := range changes {
		if c.Due.IsZero() {
			f.pages.Drop(c.Tags)
		} else {
			f.pages.DropAt(c.Due, c.Tags)
		}
	}
}

func (f follower) Reset() { f.pages.Reset() }

// publish makes content the next version of a story, or the first of a new one.
func (p *paper) publish(r *story.Ref, base int64, c story.Content, at time.Time) {
	p.t.Helper()
	err := p.db.Write(p.t.Context(), func(tx *db.Tx) (err error) {
		made := *r
		if base == 0 {
			if made, err = p.stories.Create(p.t.Context(), tx, c.Language, ""); err != nil {
				return err
			}
		}
		_, err = p.stories.Publish(p.t.Context(), tx, made.ID, base, c, at, 0)
		*r = made
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func content(t *testing.T, headline string, blocks ...body.Node) story.Content {
	t.Helper()
	d, err := body.FromContent(blocks...)
	if err != nil {
		t.Fatal(err)
	}
	return story.Content{Language: "ko", Headline: headline, Body: d.Bytes()}
}

// do sends a request with the cookies that came so far. A body makes it a form from a page of the site.
func (p *paper) do(method, path, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost:8080"+path, strings.NewReader(form))
	r.RemoteAddr = "192.0.2.1:1234"
	if method == http.MethodPost {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.HasPrefix(form, "{") {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	for name, value := range p.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		p.cookies[c.Name] = c.Value
	}
	return w
}

// get expects a page with the parts in this order.
func (p *paper) get(path string, status int, parts ...string) string {
	p.t.Helper()
	w := p.do(http.MethodGet, path, "")
	if w.Code != status {
		p.t.Errorf("%s answers %d; want %d", path, w.Code, status)
	}
	html, rest := w.Body.String(), w.Body.String()
	for _, part := range parts {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			p.t.Errorf("%s shows no %q, or not in this place", path, part)
			continue
		}
		rest = after
	}
	return html
}

func TestFrontWithoutAStory(t *testing.T) {
	each(t, func(p *paper, _ *atomic.Int64) {
		p.get("/", 200, `<h1 class="name">`, "2026년 11월 24일 화요일", "아직 나온 기사가 없습니다")
		p.get("/en", 200, `<html lang="en"`, "Tuesday, 24 November 2026", "No story has been published yet")
		p.get("/ja", 200, `<html lang="ja"`, "2026年11月24日 火曜日")
		w := p.do(http.MethodGet, "/ko", "")
		if w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != "/" {
			t.Errorf("/ko answers %d to %q", w.Code, w.Header().Get("Location"))
		}
	})
}

var headlines = regexp.MustCompile(`기사 (\d+)호`)

// TestFrontRepeatsNoStory looks at fronts of every size: each story stands once and nothing is missing.
func TestFrontRepeatsNoStory(t *testing.T) {
	each(t, func(p *paper, clock *atomic.Int64) {
		for n := 1; n <= 16; n++ {
			clock.Add(60_000)
			var r story.Ref
			p.publish(&r, 0, content(p.t, fmt.Sprintf("기사 %d호", n), body.Paragraph("글.")), time.Time{})
			_, html, _ := strings.Cut(p.get("/", 200), "<body")
			seen := map[string]int{}
			for _, m := range headlines.FindAllStringSubmatch(html, -1) {
				seen[m[1]]++
			}
			for i := 1; i <= n; i++ {
				if got := seen[fmt.Sprint(i)]; got != 1 {
					p.t.Errorf("of %d stories, story %d stands %d times on the front", n, i, got)
				}
			}
			if first := headlines.FindStringSubmatch(html); first == nil || first[1] != fmt.Sprint(n) {
				p.t.Errorf("of %d stories %v leads; want the newest", n, first)
			}
		}
		p.get("/", 200, `class="lead"`, "기사 16호", `class="seconds"`, "기사 15호", "기사 12호", `id="main-news"`, "기사 11호", "기사 4호", `id="newest"`, "기사 3호", "기사 1호")
	})
}

func TestArticle(t *testing.T) {
	each(t, func(p *paper, clock *atomic.Int64) {
		var r story.Ref
		c := content(p.t, "日, AI·반도체 설비 19%↓", body.FigureWithoutPicture("시제품.", "도쿄/나루"), body.Paragraph("첫 문단."))
		c.Label, c.Series, c.Byline, c.Deck = "속보", "공장은 지금", "이수민 기자", "부제"
		p.publish(&r, 0, c, time.Time{})
		clock.Add(34 * 60_000)
		c.Kind, c.Note = "정정", "응답 수를 고쳤습니다."
		p.publish(&r, 1, c, time.Time{})
		path := "/articles/" + r.Number
		html := p.get(path, 200,
			"<title>日, AI·반도체 설비 19%↓ | 나루경제</title>",
			`<link rel="canonical" href="http://localhost:8080`+path+`">`,
			`data-version="2"`, `kicker breaking">속보<`, "<h1>日, AI\u2060·<wbr>반도체 설비 19%\u2060↓", "[공장은 지금]", "부제", "이수민 기자",
			`입력 <time datetime="2026-11-24T09:53:00&#43;09:00">2026-11-24 09:53</time>`, `<a href="`+path+`/history">수정 <time`, "10:27",
			"▲시제품.", `<span class="credit">도쿄/나루</span>`, "첫 문단.", "정정", "응답 수를 고쳤습니다.", `data-reactions="`+r.Number+`"`)
		for _, part := range []string{`class="rail"`, "data-board", "data-key"} {
			if strings.Contains(html, part) {
				p.t.Errorf("an article alone on its paper shows %q", part)
			}
		}
	})
}

func TestArticleHasTheWordsOfItsLanguage(t *testing.T) {
	each(t, func(p *paper, _ *atomic.Int64) {
		var r story.Ref
		c := content(p.t, "Chips", body.Paragraph("First."))
		c.Language = "en"
		p.publish(&r, 0, c, time.Time{})
		p.get("/articles/"+r.Number, 200, `<html lang="en"`, `href="/en"`, "Published <time", "Smallest", "Want more reporting")
		p.get("/", 200, "아직 나온 기사가 없습니다")
		p.get("/en", 200, "Chips")
	})
}

func TestHistoryShowsEveryVersion(t *testing.T) {
	each(t, func(p *paper, clock *atomic.Int64) {
		var r story.Ref
		first := content(p.t, "협력사 수주", body.Paragraph("협력사 121곳 가운데 63곳이 답했다."), body.Paragraph("그대로 있는 문단."))
		p.publish(&r, 0, first, time.Time{})
		path := "/articles/" + r.Number + "/history"
		p.get(path, 200, "나간 뒤 고친 곳이 없습니다", "1판", "2026-11-24 09:53", "처음 나감")

		clock.Add(60_000)
		second := first
		doc, err := body.Parse([]byte(strings.Replace(string(first.Body), "121곳", "118곳", 1)))
		if err != nil {
			t.Fatal(err)
		}
		second.Body, second.Headline, second.Kind, second.Note = doc.Bytes(), "협력사 수주 끊겨", "정정", "응답 수를 고쳤습니다."
		p.publish(&r, 1, second, time.Time{})
		p.get(path, 200, "나간 뒤 한 번 고쳤습니다", "2판", "정정", "응답 수를 고쳤습니다.", "제목", "<ins>", "끊겨", "</ins>",
			"<del>121곳</del>", "<ins>118곳</ins>", "바뀌지 않은 문단 1개", "1판")

		// A scheduled version is nowhere; once another takes its place it is void, and its number and hash stay.
		secret := second
		secret.Headline = "비밀"
		p.publish(&r, 2, secret, p.db.Now().Add(time.Hour))
		if html := p.get(path, 200); strings.Contains(html, "3판") || strings.Contains(html, "비밀") {
			p.t.Error("the history shows a scheduled version")
		}
		third := second
		third.Headline, third.Kind, third.Note = "협력사 수주 반토막", "", ""
		p.publish(&r, 3, third, time.Time{})
		html := p.get(path, 200, "나간 뒤 2번 고쳤습니다", "4판", "고침", "3판", "나가지 않음", "2판", "1판")
		if strings.Contains(html, "비밀") {
			p.t.Error("the history shows the text of a void version")
		}
		_, versions, err := p.stories.History(t.Context(), r.Number)
		if err != nil || len(versions) != 4 {
			p.t.Fatalf("%d versions, %v", len(versions), err)
		}
		for _, v := range versions {
			if !strings.Contains(html, "<code>"+v.Hash.String()+"</code>") {
				p.t.Errorf("version %d stands without its hash", v.N)
			}
		}
	})
}

func TestReactionByForm(t *testing.T) {
	each(t, func(p *paper, _ *atomic.Int64) {
		var r story.Ref
		p.publish(&r, 0, content(p.t, "기사", body.Paragraph("글.")), time.Time{})
		article := "/articles/" + r.Number
		p.get(article+"/reaction", 200, "남긴 반응이 없습니다")
		send := func(form string, status int) *httptest.ResponseRecorder {
			p.t.Helper()
			w := p.do(http.MethodPost, article+"/reactions", form)
			if w.Code != status {
				p.t.Errorf("%q answers %d; want %d\n%s", form, w.Code, status, w.Body)
			}
			return w
		}
		send("reaction=love", 400)
		if w := send("reaction=", 303); len(w.Result().Cookies()) != 0 {
			p.t.Error("taking back what is not there sets a cookie")
		}
		w := send("reaction=more", 303)
		if to := w.Header().Get("Location"); to != article+"/reaction" {
			p.t.Errorf("the form leads to %q", to)
		}
		set := w.Result().Cookies()
		if len(set) != 1 || !set[0].HttpOnly || set[0].SameSite != http.SameSiteLaxMode || set[0].Path != "/" {
			p.t.Errorf("the reader's cookie is %v", set)
		}
		own := p.do(http.MethodGet, article+"/reaction", "")
		if cc := own.Header().Get("Cache-Control"); !strings.HasPrefix(cc, "private") {
			p.t.Errorf("the private page is for everybody: %q", cc)
		}
		p.get(article+"/reaction", 200, "‘추가취재 원해요’를 남겼습니다", `value="more" aria-pressed="true"`, ">1<", `value="">반응 거두기`)
		if w := send("reaction=sad", 303); len(w.Result().Cookies()) != 0 {
			p.t.Error("a change sets the cookie again")
		}
		p.get("/api/v1"+article+"/reactions", 200, `{"like":0,"angry":0,"sad":1,"more":0}`)
		p.get("/api/v1"+article+"/reactions/mine", 200, `{"mine":"sad"}`)
		if html := p.get(article, 200); strings.Contains(html, `name="reaction" value="sad" aria-pressed="true"`) {
			p.t.Error("the public page tells one reader's reaction")
		}
		send("reaction=", 303)
		p.get("/api/v1"+article+"/reactions", 200, `{"like":0,"angry":0,"sad":0,"more":0}`)
	})
}

func TestTooManyNewReadersAreToldInASentence(t *testing.T) {
	each(t, func(p *paper, _ *atomic.Int64) {
		var r story.Ref
		p.publish(&r, 0, content(p.t, "기사", body.Paragraph("글.")), time.Time{})
		for i, want := range []int{303, 303, 429} {
			clear(p.cookies)
			w := p.do(http.MethodPost, "/articles/"+r.Number+"/reactions", "reaction=like")
			if w.Code != want {
				p.t.Errorf("new reader %d is answered %d; want %d", i+1, w.Code, want)
			}
			if want == 429 && (!strings.Contains(w.Body.String(), "요청이 너무 많이 왔습니다") || len(p.cookies) != 0) {
				p.t.Errorf("the refusal sets %v and says\n%s", p.cookies, w.Body)
			}
		}
	})
}

func TestPreferences(t *testing.T) {
	each(t, func(p *paper, _ *atomic.Int64) {
		p.get("/prefs", 200, `data-size="m" data-theme="auto"`, `value="m" aria-pressed="true"`)
		for _, c := range []struct {
			form, to, cookie string
			status           int
		}{
			{"size=xl&next=/articles/1234567890", "/articles/1234567890", "xl.auto", 303},
			{"theme=dark&next=//evil.example/", "/", "xl.dark", 303},
			{"size=huge", "", "xl.dark", 400},
			{"", "", "xl.dark", 400},
			{"size=s", "/", "s.dark", 303},
		} {
			w := p.do(http.MethodPost, "/prefs", c.form)
			if w.Code != c.status || w.Header().Get("Location") != c.to || p.cookies["prefs"] != c.cookie {
				p.t.Errorf("%q: %d to %q, cookie %q; want %d to %q, %q", c.form, w.Code, w.Header().Get("Location"), p.cookies["prefs"], c.status, c.to, c.cookie)
			}
			for _, set := range w.Result().Cookies() {
				if set.HttpOnly {
					p.t.Error("the script cannot read the preferences")
				}
			}
		}
		p.get("/prefs", 200, `data-size="s" data-theme="dark"`, `value="s" aria-pressed="true"`)
		w := p.do(http.MethodGet, "/prefs.css", "")
		if got := w.Body.String(); w.Header().Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(got, "font-size:100%;color-scheme:dark") {
			p.t.Errorf("/prefs.css is %q", got)
		}
		// Pages for all are the same whatever the cookie says.
		p.get("/", 200, `data-size="m" data-theme="auto"`)
	})
}

func TestErrorsStandInTheDesign(t *testing.T) {
	each(t, func(p *paper, _ *atomic.Int64) {
		var kept, gone story.Ref
		p.publish(&kept, 0, content(p.t, "남은 기사", body.Paragraph("글.")), time.Time{})
		p.publish(&gone, 0, content(p.t, "거둔 기사", body.Paragraph("글.")), time.Time{})
		p.get("/articles/"+gone.Number, 200)
		if err := p.db.Write(t.Context(), func(tx *db.Tx) error { return p.stories.Withdraw(t.Context(), tx, gone.ID) }); err != nil {
			p.t.Fatal(err)
		}
		for _, path := range []string{"", "/history", "/reaction"} {
			html := p.get("/articles/"+gone.Number+path, 410, `content="noindex"`, "거두어들인 기사입니다", "최신 기사", "남은 기사")
			if strings.Contains(html, "거둔 기사") {
				p.t.Errorf("a withdrawn story is named at %s", path)
			}
		}
		p.get("/articles/1111111111", 404, "찾는 화면이 없습니다", "남은 기사")
		p.get("/en/nothing", 404, `<html lang="en"`, "There is no such page")
		if w := p.do(http.MethodPost, "/articles/"+gone.Number+"/reactions", "reaction=like"); w.Code != 410 || len(p.cookies) != 0 {
			p.t.Errorf("a reaction to a withdrawn story is answered %d and sets %v", w.Code, p.cookies)
		}
	})
}

func TestStatedBoardIsNeverLive(t *testing.T) {
	each(t, func(p *paper, _ *atomic.Int64) {
		err := p.db.Write(t.Context(), func(tx *db.Tx) error {
			for _, b := range []market.Stated{
				{Board: market.Crypto, Note: "24시간 변동률 기준", Rows: []market.StatedRow{{Name: "비트코인", Price: "90,769,000", Rate: "+2.08%"}, {Name: "트론", Price: "187", Rate: "-3.11%"}}},
				{Board: market.Movers, Note: "07.16 장종료"},
			} {
				if err := market.SetStated(t.Context(), tx, b); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			p.t.Fatal(err)
		}
		html := p.get("/", 200, `class="tagged" data-foot>저장된 지면`, `id="crypto"`, "data-stated", "저장된 지면", "90,769,000", "상승", "2.08%", "하락", "−3.11%", "* 24시간 변동률 기준", "시각 미상",
			`id="movers"`, "07.16 장종료", "저장 당시", "저장된 지면에 종목이 없습니다", "시각 미상")
		if strings.Contains(html, "모의 시세") || strings.Contains(html, "data-asof") {
			p.t.Error("a printed board looks alive")
		}
	})
}

func TestSmallFiles(t *testing.T) {
	each(t, func(p *paper, _ *atomic.Int64) {
		p.get("/robots.txt", 200, "User-agent: *", "Disallow: /live")
		if w := p.do(http.MethodGet, "/favicon.ico", ""); w.Code != 200 || w.Body.Len() < 100 || w.Body.Len() > 1500 {
			p.t.Errorf("/favicon.ico: %d, %d bytes", w.Code, w.Body.Len())
		}
		html := p.get("/", 200)
		for _, m := range regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(html, -1) {
			if w := p.do(http.MethodGet, m[1], ""); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				p.t.Errorf("%s: %d, %q", m[1], w.Code, w.Header().Get("Cache-Control"))
			}
		}
	})
}
