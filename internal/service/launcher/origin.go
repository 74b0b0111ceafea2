package launcher

import (
	"context"
	"fmt"
	"strings"
)

// aboutPath is where a website says where its game is.
const aboutPath = "/.well-known/waystone-play"

// origin is what is known about the website of a link.
type origin struct {
	site    string // address that confirmed the link's server; empty if no site did
	trusted bool   // the player has signed in there
}

// name returns who wants to start the game.
func (o origin) name() string {
	if o.site == "" {
		return "A website that the launcher does not know"
	}
	return o.site
}

// originOf asks the site that a link names whether the link's server is the game of
// that site. Anybody can write any site into a link, so the site must confirm it.
// If the site names another server, it did not make the link, and originOf returns
// an error. If the site does not answer, it counts as unknown.
func (m *Launcher) originOf(ctx context.Context, c *Config, l Link) (origin, error) {
	if l.Site == "" {
		return origin{}, nil
	}
	var a struct {
		Host string `json:"host"`
		Port int    `json:"port"`
	}
	if err := newSite(l.Site, m.Version).get(ctx, aboutPath, &a); err != nil {
		m.logger().Warn("the link's site was not confirmed", "site", l.Site, "error", err)
		return origin{}, nil
	}
	if !strings.EqualFold(a.Host, l.Host) || a.Port != int(l.Port) {
		return origin{}, fmt.Errorf("the link leads to the server %s port %d, but %s says that this is not its game; the game was not started. Press Play on the game's website itself", l.Host, l.Port, l.Site)
	}
	o := origin{site: l.Site}
	if kept, err := loadSession(sessionPath(c.Path)); err == nil && kept.Site == l.Site {
		o.trusted = true
	}
	return o, nil
}
