// Package site answers readers: front, article, its history and reactions, preferences, and the live stream.
//
// It puts the domains together and hands what they know to the theme. A page that all readers share holds nothing
// about one of them; what belongs to one reader stands on small private pages.
package site

import (
	"context"
	"net/http"
	"time"

	"sokbo/internal/live"
	"sokbo/internal/market"
	"sokbo/internal/page"
	"sokbo/internal/reaction"
	"sokbo/internal/site/theme"
	"sokbo/internal/story"
	"sokbo/internal/web"
)

// Options are what a site is made of. All are needed.
type Options struct {
	Stories   *story.Stories
	Market    *market.Market
	Reactions *reaction.Reactions
	Pages     *page.Cache
	Assets    *web.Assets
	Origin    web.Origin
	Paper     theme.Paper
	Zone      *time.Location // of the times that readers see
	Language  string         // the site's own: its edition stands at / without a prefix
	Now       func() time.Time
	Live      live.Options // Resolve is the site's to set
}

// Site is the readers' face.
type Site struct {
	Options
	theme *theme.Theme
	hub   *live.Hub
}

// New parses the templates and joins the boards to their topics.
func New(o Options) (*Site, error) {
	t, err := theme.New(o.Assets.URL)
	if err != nil {
		return nil, err
	}
	s := &Site{Options: o, theme: t}
	s.openHub()
	return s, nil
}

// Hub is where open pages listen.
func (s *Site) Hub() *live.Hub { return s.hub }

// CSP is the policy of the site's pages.
func (s *Site) CSP() (web.CSP, error) {
	b, err := s.theme.Render(theme.PrefsPage{Frame: s.frame(s.words(), theme.DefaultPrefs)})
	return web.CSP{Scripts: web.ScriptHashes(b)}, err
}

// Routes are all addresses of the site.
func (s *Site) Routes() []web.Route {
	anyone := func(object string, c web.Cache) web.Rule {
		return web.Rule{Who: web.Anyone, Object: object, Cache: c}
	}
	routes := []web.Route{
		{Pattern: "GET /{$}", Rule: anyone("what is visible now", web.Pages), Handle: s.page(s.front(s.Language))},
		{Pattern: "GET /articles/{number}", Rule: anyone("a visible story", web.Pages), Handle: s.page(s.article)},
		{Pattern: "GET /articles/{number}/history", Rule: anyone("a visible story, the versions that were seen", web.Pages), Handle: s.page(s.history)},
		{Pattern: "GET /articles/{number}/reaction", Rule: anyone("a visible story; the reader's own reaction by cookie", web.Private), Handle: s.ownReaction},
		{Pattern: "POST /articles/{number}/reactions", Rule: anyone("a visible story; the reader's own reaction by cookie", web.NoStore), Handle: s.react},
		{Pattern: "GET /prefs", Rule: anyone("nothing but the cookie", web.Private), Handle: s.prefsPage},
		{Pattern: "POST /prefs", Rule: anyone("nothing but the cookie", web.NoStore), Handle: s.setPrefs},
		{Pattern: "GET /prefs.css", Rule: anyone("nothing but the cookie", web.Private), Handle: s.prefsStyle},
		{Pattern: "GET /live", Rule: anyone("topics of what is visible", web.NoStore), Handle: s.stream},
		{Pattern: "GET /robots.txt", Rule: anyone("nothing", web.Public), Handle: s.robots},
		{Pattern: "GET /favicon.ico", Rule: anyone("nothing", web.Public), Handle: s.favicon},
		s.Assets.Route(),
	}
	for _, language := range theme.Languages {
		pattern := "GET /" + language
		if language == s.Language {
			routes = append(routes, web.Route{Pattern: pattern, Rule: anyone("nothing", web.Public), Handle: s.toFront})
			continue
		}
		routes = append(routes, web.Route{Pattern: pattern, Rule: anyone("what is visible now", web.Pages), Handle: s.page(s.front(language))})
	}
	return routes
}

// A rendering is a theme page and the tags of all that it shows.
type rendering struct {
	page theme.Page
	tags []string
}

// page answers through the page cache.
func (s *Site) page(build func(ctx context.Context, r *http.Request) (rendering, error)) web.Handler {
	render := func(ctx context.Context, r *http.Request) (page.Page, error) {
		made, err := build(ctx, r)
		if err != nil {
			return page.Page{}, err
		}
		b, err := s.theme.Render(made.page)
		if err != nil {
			return page.Page{}, err
		}
		return page.Page{Type: htmlType, Body: b, Tags: made.tags, Alive: true}, nil
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.Pages.Serve(w, r, render)
	}
}

const htmlType = "text/html; charset=utf-8"

// own answers one reader with a page that nobody else gets.
func (s *Site) own(w http.ResponseWriter, p theme.Page) error {
	b, err := s.theme.Render(p)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", htmlType)
	w.Write(b)
	return nil
}

// toFront sends the prefix of the site's own language to the front, which has none.
func (s *Site) toFront(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/", http.StatusMovedPermanently)
	return nil
}

func (s *Site) robots(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("User-agent: *\nDisallow: /live\nDisallow: /prefs\nDisallow: /articles/*/reaction\n"))
	return nil
}

func (s *Site) favicon(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "image/x-icon")
	w.Write(theme.Favicon())
	return nil
}
