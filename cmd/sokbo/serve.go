package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"

	"golang.org/x/sync/errgroup"

	"sokbo/internal/api"
	"sokbo/internal/db"
	"sokbo/internal/fault"
	"sokbo/internal/live"
	"sokbo/internal/market"
	"sokbo/internal/page"
	"sokbo/internal/reaction"
	"sokbo/internal/site"
	"sokbo/internal/site/theme"
	"sokbo/internal/story"
	"sokbo/internal/web"
)

// serve runs the server until it is told to stop.
func serve(ctx context.Context, c call) error {
	log := slog.New(slog.NewTextHandler(c.err, nil))
	ln, err := listen(c.config.Addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	n, err := open(ctx, c.config, log)
	if err != nil {
		return err
	}
	if !n.origin.HTTPS() && n.origin.Loopback() {
		log.Info("cookies are plain: the site runs on http at this machine's own address", "url", n.origin.String())
	}
	if len(c.config.Feeds) == 0 {
		log.Info("no live prices; SOKBO_FEEDS=simulated shows a market of our own, marked as such")
	}
	fmt.Fprintf(c.out, "sokbo serves %s\n", n.origin)
	err = n.run(ctx, ln)
	return errors.Join(err, n.close())
}

// newspaper is a whole running program.
type newspaper struct {
	db        *db.DB
	origin    web.Origin
	reactions *reaction.Reactions
	prices    *market.Market
	site      *site.Site
	server    *web.Server
	open      *openPages
	log       *slog.Logger
}

// open builds everything that a newspaper is made of. Nothing runs yet.
func open(ctx context.Context, c Config, log *slog.Logger) (_ *newspaper, err error) {
	n := &newspaper{log: log}
	if n.db, err = openDatabase(ctx, c, log); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	secret, err := readKey(c)
	if err != nil {
		return nil, err
	}
	if n.origin, err = web.ParseOrigin(c.URL.String()); err != nil {
		return nil, err
	}
	stories := story.New(n.db)
	n.reactions = reaction.New(reaction.Options{
		DB:          n.db,
		Key:         secret.For("reaction"),
		NewPerHour4: c.ReactionNewPerHour.V4,
		NewPerHour6: c.ReactionNewPerHour.V6,
		Log:         log,
	})
	n.prices, err = market.New(ctx, market.Options{
		DB:       n.db,
		Now:      n.db.Now,
		Log:      log,
		Zone:     c.Zone,
		Language: c.Language,
		Feeds:    venues(c),
	})
	if err != nil {
		return nil, err
	}
	pages := page.New(page.Options{Now: n.db.Now, Log: log, SharedMaxAge: c.SharedCache})
	assets, err := web.NewAssets(theme.Assets())
	if err != nil {
		return nil, err
	}
	n.site, err = site.New(site.Options{
		Stories:   stories,
		Market:    n.prices,
		Reactions: n.reactions,
		Pages:     pages,
		Assets:    assets,
		Origin:    n.origin,
		Paper:     paper(c.Language),
		Zone:      c.Zone,
		Language:  c.Language,
		Now:       n.db.Now,
		Live: live.Options{
			Max:         c.LiveMax,
			PerAddress4: c.LivePerAddress.V4,
			PerAddress6: c.LivePerAddress.V6,
			Log:         log,
		},
	})
	if err != nil {
		return nil, err
	}
	programs := api.New(api.Options{
		Stories:   stories,
		Market:    n.prices,
		Reactions: n.reactions,
		Reader:    n.site.Reader,
		React:     n.site.React,
	})
	csp, err := n.site.CSP()
	if err != nil {
		return nil, err
	}
	n.server, err = web.New(web.Options{
		Origin:    n.origin,
		Routes:    append(n.site.Routes(), programs.Routes()...),
		CSP:       csp,
		Pages:     pages.Lookup,
		ErrorPage: n.site.ErrorPage,
		Ready:     n.db.Ready,
		Stop:      n.endStreams,
		Proxies:   c.TrustedProxies,
		// Beside its streams an address needs connections for pages.
		PerIPv4: c.LivePerAddress.V4 + c.LivePerAddress.V4/4,
		PerIPv6: c.LivePerAddress.V6 + c.LivePerAddress.V6/2,
		Log:     log,
	})
	if err != nil {
		return nil, err
	}
	n.open = newOpenPages(n.db.Now, n.site.Refresh)
	// What pages are made from is renewed before they are dropped.
	n.db.Follow(n.prices)
	n.db.Follow(dropPages{pages})
	n.db.Follow(n.open)
	return n, nil
}

// run answers on ln until ctx ends, or until the database can no longer write. Requests are answered before
// anything that answers them ends: committer and market outlive the server.
func (n *newspaper) run(ctx context.Context, ln net.Listener) error {
	behind, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, running := errgroup.WithContext(behind)
	group.Go(func() error { return n.reactions.Run(running) })
	group.Go(func() error { return n.prices.Run(running) })
	group.Go(func() error { n.open.run(running); return nil })

	front, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		select {
		case <-running.Done(): // something behind ended: nothing can be answered rightly
			end(nil)
		case <-n.db.Broken():
			n.log.Error("the database failed to write; stopping, so that a restart begins from what is on the disk")
			end(fault.New(fault.Unavailable, "database-broken", "the database failed to write; look at the disk, then start again"))
		case <-front.Done():
		}
	}()
	err := n.server.Serve(front, ln)
	if cause := context.Cause(front); fault.Of(cause) != nil {
		err = errors.Join(err, cause)
	}
	stop()
	return errors.Join(err, group.Wait())
}

func (n *newspaper) close() error { return n.db.Close() }

func (n *newspaper) endStreams(ctx context.Context) {
	if err := n.site.Hub().Close(ctx); err != nil {
		n.log.Warn("some streams had to be cut", "error", err)
	}
}

// listen takes the address, so that a taken port is told before the database is touched.
func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fault.Wrap(err, fault.Unavailable, "address-taken", "%s is taken by another program; stop it or set SOKBO_ADDR", addr)
	case errors.Is(err, os.ErrPermission):
		return nil, fault.Wrap(err, fault.Forbidden, "address-forbidden", "this user may not listen on %s; choose a port above 1023 with SOKBO_ADDR", addr)
	case err != nil:
		return nil, fault.Wrap(err, fault.Invalid, "address", "cannot listen on %s; correct SOKBO_ADDR", addr)
	}
	return ln, nil
}

func openDatabase(ctx context.Context, c Config, log *slog.Logger) (*db.DB, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "data-folder", "the data folder %s cannot be made; correct SOKBO_DATA", c.Data)
	}
	return db.Open(ctx, db.Options{URL: c.Database, Dir: c.Data, Log: log})
}

// paper is the name that stands on the pages until settings bring the operator's own.
func paper(language string) theme.Paper {
	if language == "ko" {
		return theme.Paper{Name: "속보", Latin: "SOKBO"}
	}
	return theme.Paper{Name: "Sokbo"}
}

// seed makes the simulated market the same on every machine and after every restart.
const seed = 1

func venues(c Config) []market.Venue {
	for _, f := range c.Feeds {
		if f == "simulated" {
			return market.Simulated(seed)
		}
	}
	return nil
}
