package launcher_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/service/launcher"
)

const (
	ticket = "0123456789abcdefghijABCDEFGHIJxy"
	good   = "waystone://play?v=1&host=play.example.org&port=29000&user=alice_01&ticket=" + ticket
)

func TestParseLink(t *testing.T) {
	want := launcher.Link{Host: "play.example.org", Port: 29000, User: "alice_01", Ticket: ticket}
	for _, s := range []string{
		good,
		strings.Replace(good, "play?", "play/?", 1),
		"waystone://play?ticket=" + ticket + "&user=alice_01&port=29000&host=play.example.org&v=1",
	} {
		got, err := launcher.ParseLink(s)
		if err != nil || got != want {
			t.Errorf("ParseLink(%q) = %+v, %v", s, got, err)
		}
	}
	const token = "-123456789abcdefghij_BCDEFGHIJx_" // as the website makes one-time tokens
	if got, err := launcher.ParseLink(strings.Replace(good, ticket, token, 1)); err != nil || got.Ticket != token {
		t.Errorf("a one-time token: %+v, %v", got, err)
	}
	for _, site := range []string{"https://site.example", "https://site.example:8443", "http://localhost:3000", "http://127.0.0.1:3000"} {
		got, err := launcher.ParseLink(good + "&site=" + site)
		if err != nil || got.Site != site || got.String() != good+"&site="+site {
			t.Errorf("a site: %+v, %v", got, err)
		}
	}
	if want.String() != good {
		t.Errorf("String() = %q", want.String())
	}
}

func TestParseLinkRefuses(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, c := range map[string]struct{ link, says string }{
		"another scheme":          {replace("waystone:", "http:"), "must begin with"},
		"another action":          {replace("//play", "//exec"), "must begin with"},
		"upper-case scheme":       {replace("waystone:", "WAYSTONE:"), "must begin with"},
		"nothing":                 {"", "must begin with"},
		"no keys":                 {"waystone://play?", "not one of"},
		"an unknown key":          {good + "&run=calc", "not one of"},
		"a key in upper case":     {replace("user=", "User="), "not one of"},
		"a key twice":             {good + "&user=bob", "user twice"},
		"a missing key":           {replace("&user=alice_01", ""), "no user"},
		"a key without value":     {replace("user=alice_01", "user"), "no value"},
		"a newer version":         {replace("v=1", "v=2"), "version"},
		"port 0":                  {replace("29000", "0"), "port"},
		"port with a sign":        {replace("29000", "+29000"), "port"},
		"port with zeros":         {replace("29000", "029000"), "port"},
		"port too large":          {replace("29000", "65536"), "port"},
		"a space in the user":     {replace("alice_01", "alice _pw x"), "user"},
		"an escape in the user":   {replace("alice_01", "alice%20x"), "user"},
		"a quote in the user":     {replace("alice_01", `alice"`), "user"},
		"an option as user":       {replace("alice_01", "_server"), "user must"},
		"an underscore at first":  {replace("alice_01", "_alice"), "user must"},
		"underscores as user":     {replace("alice_01", "____"), "user must"},
		"an empty user":           {replace("alice_01", ""), "user"},
		"a long user":             {replace("alice_01", strings.Repeat("a", 31)), "user"},
		"an option as host":       {replace("play.example.org", "-rf"), "host"},
		"IPv6":                    {replace("play.example.org", "::1"), "host"},
		"a number as host":        {replace("play.example.org", "127.1"), "host"},
		"hexadecimal host":        {replace("play.example.org", "0x7f000001"), "host"},
		"a host with a path":      {replace("play.example.org", "a/b"), "host"},
		"a host with a user":      {replace("play.example.org", "a@b"), "host"},
		"a host with a dot end":   {replace("play.example.org", "example.org."), "host"},
		"a short ticket":          {replace(ticket, ticket[1:]), "ticket"},
		"a long ticket":           {good + "x", "ticket"},
		"a dot in the ticket":     {replace(ticket, "."+ticket[1:]), "ticket"},
		"a ticket of hyphens":     {replace(ticket, strings.Repeat("-", 32)), "ticket must"},
		"a ticket of underscores": {replace(ticket, strings.Repeat("_", 32)), "ticket must"},
		"an option as ticket":     {replace(ticket, "_server"+strings.Repeat("-", 25)), "ticket must"},
		"a newline at the end":    {good + "\n", "ticket"},
		"a fragment":              {good + "#x", "ticket"},
		"a NUL":                   {replace("alice_01", "alice\x00"), "user"},
		"an empty site":           {good + "&site=", "no value"},
		"a site twice":            {good + "&site=https://a.example&site=https://b.example", "site twice"},
		"a site without TLS":      {good + "&site=http://site.example", "site must"},
		"a site with a path":      {good + "&site=https://site.example/x", "site must"},
		"a site with a slash":     {good + "&site=https://site.example/", "site must"},
		"a site with a user":      {good + "&site=https://a@site.example", "site must"},
		"a site in upper case":    {good + "&site=https://Site.example", "site must"},
		"a site with a bad port":  {good + "&site=https://site.example:99999999", "site must"},
		"a site of numbers":       {good + "&site=https://127.1", "site must"},
		"a file as site":          {good + "&site=file://x", "site must"},
		"a long link":             {good + strings.Repeat("&", 500), "at most 512"},
	} {
		_, err := launcher.ParseLink(c.link)
		switch {
		case err == nil:
			t.Errorf("%s: accepted %q", name, c.link)
		case !strings.Contains(err.Error(), c.says):
			t.Errorf("%s: the error %q does not say %q", name, err, c.says)
		case strings.Contains(err.Error(), ticket):
			t.Errorf("%s: the error carries the ticket", name)
		}
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add(good)
	f.Add("waystone://play/?v=1&host=127.0.0.1&port=1&user=.&ticket=" + ticket)
	f.Add("waystone://play?v=1&v=1")
	argument := regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	f.Fuzz(func(t *testing.T, s string) {
		l, err := launcher.ParseLink(s)
		if err != nil {
			return
		}
		for _, a := range []string{l.Host, l.User} {
			if !argument.MatchString(a) || strings.HasPrefix(a, "-") || strings.HasPrefix(a, "_") {
				t.Errorf("%q gives the argument %q", s, a)
			}
		}
		if !argument.MatchString(l.Ticket) || strings.Trim(l.Ticket, "-_") == "" {
			t.Errorf("%q gives the ticket %q", s, l.Ticket)
		}
		if back, err := launcher.ParseLink(l.String()); err != nil || back != l {
			t.Errorf("%q does not survive a round trip: %+v, %v", s, back, err)
		}
	})
}
