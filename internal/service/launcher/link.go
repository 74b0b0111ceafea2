package launcher

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// MaxLinkLength is the maximum length of a play link, in bytes.
const MaxLinkLength = 512

const linkPrefix = "waystone://play?"

var (
	// The client's options begin with an underscore, those of other programs with a
	// hyphen. No user name does. A ticket may begin so, because the website's
	// one-time tokens do. But it is longer than any option, and mustHold keeps it
	// from being only such characters.
	userRE   = regexp.MustCompile(`^[A-Za-z0-9.][A-Za-z0-9_.]{0,29}$`)
	ticketRE = regexp.MustCompile(`^[A-Za-z0-9_-]{32}$`)
	labelRE  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	numberRE = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)
	originRE = regexp.MustCompile(`^https?://([a-z0-9.-]{1,253})(:[1-9][0-9]{0,4})?$`)
)

// mustHold is the minimum number of letters and digits in a ticket. Fewer than one
// in 10^18 random tickets have fewer.
const mustHold = 16

// Link is a play link: the server, the user and the one-time ticket. A website adds
// its own address. The address is not trusted until that site has confirmed it.
//
//	waystone://play?v=1&host=H&port=P&user=U&ticket=T&site=S
type Link struct {
	Host   string // IPv4 address or DNS name
	Port   uint16 // of the login stage, 1 to 65535
	User   string // [A-Za-z0-9.][A-Za-z0-9_.]{0,29}
	Ticket string // [A-Za-z0-9_-]{32}, at least 16 of them letters and digits: ours or the website's one-time token; never logged
	Site   string // scheme, host and port of the website, in lower case: https, or http on this PC; empty when it is not said
}

// ParseLink reads a play link. It accepts the five keys, each once, in any order,
// and at most one site. It accepts no percent-escapes, so that nothing in a link
// can become another argument of the client. Errors name the wrong part and never
// repeat the link, because it has the ticket.
func ParseLink(s string) (Link, error) {
	if len(s) > MaxLinkLength {
		return Link{}, fmt.Errorf("the link is %d bytes long; at most %d are allowed", len(s), MaxLinkLength)
	}
	query, ok := strings.CutPrefix(s, linkPrefix)
	if !ok {
		// Browsers may write the empty path of the link.
		if query, ok = strings.CutPrefix(s, "waystone://play/?"); !ok {
			return Link{}, errors.New("the link must begin with " + linkPrefix)
		}
	}
	values := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		key, value, ok := strings.Cut(pair, "=")
		switch key {
		case "v", "host", "port", "user", "ticket", "site":
		default:
			return Link{}, errors.New("the link has a key that is not one of v, host, port, user, ticket, site")
		}
		if !ok {
			return Link{}, fmt.Errorf("the link's %s has no value", key)
		}
		if _, twice := values[key]; twice {
			return Link{}, fmt.Errorf("the link has %s twice", key)
		}
		values[key] = value
	}
	for _, key := range []string{"v", "host", "port", "user", "ticket"} {
		if _, ok := values[key]; !ok {
			return Link{}, fmt.Errorf("the link has no %s", key)
		}
	}
	if values["v"] != "1" {
		return Link{}, errors.New("the link is of a version this launcher does not know; get the newest launcher from the game's website")
	}
	l := Link{Host: values["host"], User: values["user"], Ticket: values["ticket"], Site: values["site"]}
	if _, said := values["site"]; said && l.Site == "" {
		return Link{}, errors.New("the link's site has no value")
	}
	if !numberRE.MatchString(values["port"]) {
		return Link{}, errors.New("the link's port must be a number from 1 to 65535")
	}
	port, err := strconv.ParseUint(values["port"], 10, 16)
	if err != nil {
		return Link{}, errors.New("the link's port must be a number from 1 to 65535")
	}
	l.Port = uint16(port)
	if err := l.Validate(); err != nil {
		return Link{}, err
	}
	return l, nil
}

// Validate returns an error that names the wrong part of the link.
func (l Link) Validate() error {
	if err := ValidateHost(l.Host); err != nil {
		return fmt.Errorf("the link's host %w", err)
	}
	switch {
	case l.Port == 0:
		return errors.New("the link's port must be a number from 1 to 65535")
	case !userRE.MatchString(l.User):
		return errors.New("the link's user must be 1 to 30 letters, digits, underscores or dots, and must not begin with an underscore, as the client's options do")
	case !ticketRE.MatchString(l.Ticket) || len(l.Ticket)-strings.Count(l.Ticket, "-")-strings.Count(l.Ticket, "_") < mustHold:
		return errors.New("the link's ticket must be 32 letters, digits, underscores or hyphens, and at least 16 of them letters or digits")
	case l.Site != "" && !isOrigin(l.Site):
		return errors.New("the link's site must look like https://site.example")
	}
	return nil
}

// isOrigin reports whether a site is a scheme, a host and perhaps a port, and
// no more.
func isOrigin(site string) bool {
	m := originRE.FindStringSubmatch(site)
	if m == nil || ValidateHost(m[1]) != nil {
		return false
	}
	same, err := CheckSite(site)
	return err == nil && same == site
}

// String returns the link with its ticket: for the player's browser, never for a
// log.
func (l Link) String() string {
	s := linkPrefix + "v=1&host=" + l.Host + "&port=" + strconv.Itoa(int(l.Port)) +
		"&user=" + l.User + "&ticket=" + l.Ticket
	if l.Site != "" {
		s += "&site=" + l.Site
	}
	return s
}

// ValidateHost reports whether a host is an IPv4 address or a DNS name of at
// most 253 characters whose last label is not a number.
func ValidateHost(h string) error {
	bad := errors.New("must be an IPv4 address or a DNS name")
	if a, err := netip.ParseAddr(h); err == nil {
		if a.Is4() {
			return nil
		}
		return bad
	}
	if h == "" || len(h) > 253 {
		return bad
	}
	labels := strings.Split(h, ".")
	for _, label := range labels {
		if !labelRE.MatchString(label) {
			return bad
		}
	}
	// Resolvers read a name such as 127.1 or 0x7f000001 as an address.
	last := labels[len(labels)-1]
	if last[0] >= '0' && last[0] <= '9' {
		return bad
	}
	return nil
}
