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

// seed makes the simulated market the same on every machine and after every restart.
const seed = 1

// serve runs the server until it is told to stop. It builds everything that a running newspaper is made of.
func serve(ctx context.Context, c call) error {
	log := slog.New(slog.NewTextHandler(c.err, nil))
	ln, err := listen(c.config.Addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	d, err := openDatabase(ctx, c.config, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := d.Close(); err != nil {
			log.Error("closing the database", "error", err)
		}
	}()
	secret, err := readKey(c.config)
	if err != nil {
		return err
	}
	origin, err := web.ParseOrigin(c.config.URL.String())
	if err != nil {
		return err
	}
	assets, err := web.NewAssets(theme.Assets())
	if err != nil {
		return err
	}
	stories := story.New(d)
	reactions := reaction.New(reaction.Options{
		DB:          d,
		Key:         secret.For("reaction"),
		NewPerHour4: c.config.ReactionNewPerHour.V4,
		NewPerHour6: c.config.ReactionNewPerHour.V6,
		Log:         log,
	})
	prices, err := market.New(ctx, market.Options{
		DB:       d,
		Now:      d.Now,
		Log:      log,
		Zone:     c.config.Zone,
		Language: c.config.Language,
		Feeds:    venues(c.config),
	})
	if err != nil {
		return err
	}
	pages := page.New(page.Options{Now: d.Now, Log: log, SharedMaxAge: c.config.SharedCache})
	readers, err := site.New(site.Options{
		Stories:   stories,
		Market:    prices,
		Reactions: reactions,
		Pages:     pages,
		Assets:    assets,
		Origin:    origin,
		Paper:     paper(c.config.Language),
		Zone:      c.config.Zone,
		Language:  c.config.Language,
		Now:       d.Now,
		Live: live.Options{
			Max:         c.config.LiveMax,
			PerAddress4: c.config.LivePerAddress.V4,
			PerAddress6: c.config.LivePerAddress.V6,
			Log:         log,
		},
	})
	if err != nil {
		return err
	}
	programs := api.New(api.Options{
		Stories:   stories,
		Market:    prices,
		Reactions: reactions,
		Reader:    readers.Reader,
		React:     readers.React,
	})
	csp, err := readers.CSP()
	if err != nil {
		return err
	}
	server, err := web.New(web.Options{
		Origin:    origin,
		Routes:    append(readers.Routes(), programs.Routes()...),
		CSP:       csp,
		Pages:     pages.Lookup,
		ErrorPage: readers.ErrorPage,
		Ready:     d.Ready,
		Stop:      func(ctx context.Context) { readers.Hub().Close(ctx) },
		Proxies:   c.config.TrustedProxies,
		// Beside its streams an address needs connections for pages.
		PerIPv4: c.config.LivePerAddress.V4 + c.config.LivePerAddress.V4/4,
		PerIPv6: c.config.LivePerAddress.V6 + c.config.LivePerAddress.V6/2,
		Log:     log,
	})
	if err != nil {
		return err
	}
	open := newOpenPages(d.Now, readers.Refresh)
	d.Follow(dropPages{pages})
	d.Follow(prices)
	d.Follow(open)

	if !origin.HTTPS() && origin.Loopback() {
		log.Info("cookies are plain: the site runs on http at this machine's own address", "url", origin.String())
	}
	if len(c.config.Feeds) == 0 {
		log.Info("no live prices; SOKBO_FEEDS=simulated shows a market of our own, marked as such")
	}
	fmt.Fprintf(c.out, "sokbo serves %s\n", origin)

	// Requests are answered before anything that answers them ends: the committer and the market outlive the
	// server.
	behind, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, running := errgroup.WithContext(behind)
	group.Go(func() error { return reactions.Run(running) })
	group.Go(func() error { return prices.Run(running) })
	group.Go(func() error { open.run(running); return nil })

	front, end := context.WithCancel(ctx)
	defer end()
	go func() {
		select {
		case <-running.Done(): // something behind ended: nothing can be answered rightly
		case <-d.Broken():
			log.Error("the database failed to write; stopping, so that a restart begins from what is on the disk")
		case <-front.Done():
		}
		end()
	}()
	err = server.Serve(front, ln)
	stop()
	err = errors.Join(err, group.Wait())
	select {
	case <-d.Broken():
		err = errors.Join(err, fault.New(fault.Unavailable, "database-broken", "the database failed to write; look at the disk, then start again"))
	default:
	}
	return err
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

func venues(c Config) []market.Venue {
	for _, f := range c.Feeds {
		if f == "simulated" {
			return market.Simulated(seed)
		}
	}
	return nil
}
