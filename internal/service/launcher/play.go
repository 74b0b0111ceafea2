package launcher

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// runLink starts the client from a link that another program passed. Before the
// link leads to a server for the first time, it asks the player: on the terminal if
// there is one, otherwise on a page in the browser. It does not ask for a site to
// which the player has signed in.
func (m *Launcher) runLink(ctx context.Context, c *Config, text string) error {
	link, err := ParseLink(text)
	if err != nil {
		return err
	}
	if c.Allows(link.Host) {
		return m.startLink(ctx, c, link)
	}
	from, err := m.originOf(ctx, c, link)
	switch {
	case err != nil:
		return err
	case from.trusted:
		return m.startLink(ctx, c, link)
	case m.AskUser && !m.askOnTerminal(from, link.Host):
		return errNotAllowed(link.Host)
	case m.AskUser:
		c.Allow(link.Host)
		if err := c.Save(); err != nil {
			return err
		}
		return m.startLink(ctx, c, link)
	}
	err = m.show(ctx, m.question(c, from, link))
	if errors.Is(err, errNoBrowser) {
		m.logger().Warn("no page was shown", "error", err)
		return shownError{errNotAllowed(link.Host)}
	}
	return shown(err)
}

// errNotAllowed is the error if the player cannot be asked.
func errNotAllowed(host string) error {
	return fmt.Errorf("the server %s has not been allowed; if you trust it, run `waystone-launcher allow %s` and press Play again", host, host)
}

// question is the page that asks whether a link may start the game.
func (m *Launcher) question(c *Config, from origin, l Link) view {
	v := view{
		Title:    "Start the game?",
		Text:     []string{fmt.Sprintf("%s wants to start the game on %s.", from.name(), l.Host)},
		Remember: "Do not ask again for " + l.Host,
		Buttons:  []button{{"start", "Start"}, {"cancel", "Cancel"}},
	}
	if from.site == "" {
		v.Text = append(v.Text, "Start it only if you have just pressed Play on a website that you trust.")
	}
	v.answer = func(ctx context.Context, form url.Values) view {
		if form.Get("answer") != "start" {
			return view{
				Title: "The game was not started",
				Text:  []string{"You can close this page. Press Play on the website to be asked again."},
				err:   errors.New("the player did not want the game to start on " + l.Host),
			}
		}
		if form.Get("remember") == "yes" {
			c.Allow(l.Host)
			if err := c.Save(); err != nil {
				return failure(err)
			}
		}
		if err := m.startLink(ctx, c, l); err != nil {
			return m.failed(c, err)
		}
		return view{
			Title: "The game is starting",
			Text: []string{
				fmt.Sprintf("It connects to %s. You can close this page.", l.Host),
				"If the game does not let you in, press Play on the website again. Each Play is valid for one minute.",
			},
		}
	}
	return v
}

// startLink starts the client from a link to an allowed server.
func (m *Launcher) startLink(ctx context.Context, c *Config, link Link) error {
	p, err := Start(ctx, c, link)
	if err != nil {
		return err
	}
	m.logger().Info("started the game client", "host", link.Host, "port", link.Port, "process", p.Pid)
	fmt.Fprintf(m.Stdout, "started the game client for %s (process %d)\n", link.Host, p.Pid)
	return p.Release()
}

// askOnTerminal asks once whether a server is allowed.
func (m *Launcher) askOnTerminal(from origin, host string) bool {
	fmt.Fprintf(m.Stdout, "%s wants to start the game on the server %s for the first time. Allow it? [y/N] ", from.name(), host)
	line, err := bufio.NewReader(m.Stdin).ReadString('\n')
	if err != nil {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true
	}
	return false
}
