package rediscache

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// kind is a way to run Redis.
type kind int

const (
	single   kind = iota // one server
	sentinel             // a master and its replicas, watched by Sentinels
	cluster              // keys spread over several masters
)

// form is how the URL of a kind is written, and what its own words mean.
type form struct {
	kind     kind
	text     string // for messages
	port     string // when a host has none
	severals bool   // several hosts may be named
}

// maxDB is the highest logical database that a URL may name: as many as a
// server can be configured to have.
const maxDB = 1<<31 - 1

func formOf(scheme string) (f form, secure, ok bool) {
	switch scheme {
	case "redis", "rediss":
		f = form{single, scheme + "://[user:password@]host:port[/database]", "6379", false}
	case "redis-sentinel", "rediss-sentinel":
		f = form{sentinel, scheme + "://[user:password@]host:port,host:port/master-name[?db=N]", "26379", true}
	case "redis-cluster", "rediss-cluster":
		f = form{cluster, scheme + "://[user:password@]host:port,host:port", "6379", true}
	default:
		return form{}, false, false
	}
	return f, strings.HasPrefix(scheme, "rediss"), true
}

// errScheme is what is said of a URL of no known form.
var errScheme = errors.New("must be redis://[user:password@]host:port[/database], " +
	"redis-sentinel://[user:password@]host:port,host:port/master-name[?db=N] or " +
	"redis-cluster://[user:password@]host:port,host:port; or with TLS rediss://, rediss-sentinel:// or rediss-cluster://")

// CheckURL returns nil for the URLs that Open takes. Its error says what is
// wrong and which form is right, and repeats nothing of the URL, which may hold
// a password.
func CheckURL(text string) error {
	_, err := parseURL(text)
	return err
}

// address is a URL that was understood.
type address struct {
	kind kind
	opt  rueidis.ClientOption
}

// parseURL splits by hand what net/url knows nothing of: several hosts. All
// else it leaves to net/url.
func parseURL(text string) (address, error) {
	scheme, rest, found := strings.Cut(text, "://")
	f, secure, ok := formOf(scheme)
	if !found || !ok {
		return address{}, errScheme
	}
	a, err := f.parse(rest)
	if err != nil {
		return address{}, fmt.Errorf("must be %s: %w", f.text, err)
	}
	if secure {
		// Without a server name each connection is checked for the host that it goes to.
		a.opt.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if f.kind == sentinel {
			a.opt.Sentinel.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
	}
	return a, nil
}

func (f form) parse(rest string) (address, error) {
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	user, hosts := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, hosts = authority[:i+1], authority[i+1:]
	}
	u, err := url.Parse("redis://" + user + "host" + tail)
	if err != nil {
		return address{}, errors.New("it is no URL; in user and password all but letters and digits is written as %XX")
	}
	if u.Fragment != "" {
		return address{}, errors.New("nothing may follow a #")
	}
	a := address{kind: f.kind}
	if u.User != nil {
		password, ok := u.User.Password()
		if !ok || password == "" {
			return address{}, errors.New("before the @ there must be user:password, or :password alone")
		}
		a.opt.Username, a.opt.Password = u.User.Username(), password
	}
	if a.opt.InitAddress, err = f.hosts(hosts); err != nil {
		return address{}, err
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return address{}, errors.New("what follows the ? is malformed")
	}
	return a, f.target(&a.opt, strings.TrimPrefix(u.Path, "/"), query)
}

// hosts returns the addresses in a list of hosts.
func (f form) hosts(list string) ([]string, error) {
	var addrs []string
	for host := range strings.SplitSeq(list, ",") {
		if len(addrs) > 0 && !f.severals {
			return nil, errors.New("it names one host; several are for redis-sentinel:// and redis-cluster://")
		}
		u, err := url.Parse("redis://" + host)
		if err != nil || u.Host != host || u.Hostname() == "" || strings.ContainsAny(host, " %") ||
			strings.Contains(u.Hostname(), ":") && !strings.HasPrefix(host, "[") {
			return nil, errors.New("each host must be host:port, an IPv6 address in brackets")
		}
		port := u.Port()
		if port == "" {
			port = f.port
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strings.HasSuffix(host, ":") {
			return nil, errors.New("a port must be 1 to 65535")
		}
		addrs = append(addrs, net.JoinHostPort(u.Hostname(), port))
	}
	return addrs, nil
}

// target reads what comes after the hosts.
func (f form) target(opt *rueidis.ClientOption, path string, query url.Values) error {
	switch f.kind {
	case single:
		if err := only(query); err != nil {
			return err
		}
		return database(opt, path)
	case cluster:
		if path != "" && path != "0" {
			return errors.New("a cluster has no databases to choose from")
		}
		return only(query)
	default:
		if path == "" || strings.ContainsAny(path, "/ ") {
			return errors.New("the name by which the Sentinels know the master must follow the hosts")
		}
		opt.Sentinel.MasterSet = path
		opt.Sentinel.Username, opt.Sentinel.Password = query.Get("sentinel_user"), query.Get("sentinel_password")
		if opt.Sentinel.Username != "" && opt.Sentinel.Password == "" {
			return errors.New("sentinel_user needs a sentinel_password")
		}
		if err := only(query, "db", "sentinel_user", "sentinel_password"); err != nil {
			return err
		}
		return database(opt, query.Get("db"))
	}
}

// only refuses options that mean nothing here, or that are given twice.
func only(query url.Values, known ...string) error {
	left := len(query)
	for _, name := range known {
		if values, ok := query[name]; ok {
			left--
			if len(values) > 1 {
				return fmt.Errorf("%s is given twice", name)
			}
		}
	}
	switch {
	case left == 0:
		return nil
	case len(known) == 0:
		return errors.New("it takes no options after a ?")
	default:
		return fmt.Errorf("the options after the ? are %s", strings.Join(known, ", "))
	}
}

func database(opt *rueidis.ClientOption, text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n > maxDB {
		return errors.New("the database must be a number from 0")
	}
	opt.SelectDB = int(n)
	return nil
}
