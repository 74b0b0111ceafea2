package launcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

// login signs in at the website with a code, and plays. Without an address it uses
// the site of the last sign-in.
func (m *Launcher) login(ctx context.Context, c *Config, args []string) error {
	address := c.Site
	if len(args) > 0 {
		address = args[0]
	}
	if address == "" {
		return errors.New("no site is known yet; run `waystone-launcher login https://site.example` with the address of the game's website")
	}
	base, err := CheckSite(address)
	if err != nil {
		return err
	}
	if err := checkClient(c); err != nil {
		return err
	}
	s := newSite(base, m.Version)
	code, err := s.askCode(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stdout, "To sign in, open %s and approve this code:\n\n    %s\n\nYour browser opens this page if possible. Waiting for your answer …\n", code.page, code.user)
	m.open(code.fullPage, func(err error) { m.logger().Warn("the site's page was not opened", "error", err) })
	token, err := s.awaitToken(ctx, code, m.wait)
	if err != nil {
		return err
	}
	path := sessionPath(c.Path)
	old, oldErr := loadSession(path)
	if err := (session{Site: base, Token: token}).save(path); err != nil {
		return err
	}
	c.Site = base
	if err := c.Save(); err != nil {
		return err
	}
	fmt.Fprintf(m.Stdout, "Signed in at %s. From now on `waystone-launcher play` starts the game.\n", base)
	if oldErr == nil {
		if err := m.signOut(ctx, old); err != nil {
			fmt.Fprintf(m.Stderr, "waystone-launcher: the earlier session is still open; end it on your account's page at %s: %v\n", old.Site, err)
		}
	}
	return m.playAt(ctx, c, session{Site: base, Token: token})
}

// resume plays with the stored session.
func (m *Launcher) resume(ctx context.Context, c *Config) error {
	kept, err := loadSession(sessionPath(c.Path))
	if errors.Is(err, fs.ErrNotExist) {
		site := c.Site
		if site == "" {
			site = "https://site.example"
		}
		return fmt.Errorf("you are not signed in; run `waystone-launcher login %s`", site)
	}
	if err != nil {
		return err
	}
	if err := checkClient(c); err != nil {
		return err
	}
	return m.playAt(ctx, c, kept)
}

// playAt gets a play link for a session and starts the client from it.
func (m *Launcher) playAt(ctx context.Context, c *Config, kept session) error {
	var a struct {
		Link string `json:"link"`
	}
	err := newSite(kept.Site, m.Version).post(ctx, "/api/play", kept.Token, map[string]string{}, &a)
	if e, ok := errors.AsType[*answerError](err); ok {
		switch e.status {
		case http.StatusUnauthorized:
			return fmt.Errorf("you are not signed in at %s any more; run `waystone-launcher login %s`", kept.Site, kept.Site)
		case http.StatusNotFound:
			return fmt.Errorf("%s gives launchers no play links (there is no /api/play); press Play on its pages instead", kept.Site)
		}
	}
	if err != nil {
		return err
	}
	// The player has signed in at this site, so its game needs no question.
	link, err := ParseLink(a.Link)
	if err != nil {
		return err
	}
	return m.startLink(ctx, c, link)
}

// logout ends the session at the site and removes it here. It removes it here also
// if the site fails.
func (m *Launcher) logout(ctx context.Context, c *Config) error {
	path := sessionPath(c.Path)
	kept, err := loadSession(path)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(m.Stdout, "You are not signed in.")
		return nil
	}
	if err != nil {
		return err
	}
	err = m.signOut(ctx, kept)
	if rm := removeSession(path); rm != nil {
		return errors.Join(rm, err)
	}
	if err != nil {
		return fmt.Errorf("the session is removed here, but still open at the site; end it on your account's page at %s: %w", kept.Site, err)
	}
	fmt.Fprintf(m.Stdout, "Signed out at %s.\n", kept.Site)
	return nil
}

func (m *Launcher) signOut(ctx context.Context, kept session) error {
	var a struct{}
	err := newSite(kept.Site, m.Version).post(ctx, "/api/auth/sign-out", kept.Token, map[string]string{}, &a)
	if e, ok := errors.AsType[*answerError](err); ok && e.status == http.StatusUnauthorized {
		return nil // it had ended before
	}
	return err
}

func (m *Launcher) wait(ctx context.Context, d time.Duration) error {
	if m.Wait != nil {
		return m.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
