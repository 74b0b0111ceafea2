package rediscache

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/redis/rueidis"
)

// The wait between two attempts to connect for the first time doubles from
// connectMin to connectMax.
const (
	connectMin = 50 * time.Millisecond
	connectMax = 2 * time.Second
)

// connect tries until there is a client, and returns nil if life ends first.
// Once a client exists, it renews its connections by itself.
func connect(life context.Context, opt rueidis.ClientOption, cfg Config) rueidis.Client {
	opt.Dialer.Timeout = cfg.DialTimeout
	opt.ConnWriteTimeout = cfg.DialTimeout
	opt.DisableCache = true // no copies in the client: nobody would know their age
	opt.DisableRetry = true // the circuit breaker decides instead
	opt.DialCtxFn = func(ctx context.Context, addr string, dialer *net.Dialer, secure *tls.Config) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(life, cancel)() // Close does not wait for a dial
		if secure != nil {
			return (&tls.Dialer{NetDialer: dialer, Config: secure}).DialContext(ctx, "tcp", addr)
		}
		return dialer.DialContext(ctx, "tcp", addr)
	}

	pause := connectMin
	for attempt := 1; ; attempt++ {
		client, err := rueidis.NewClient(opt)
		switch {
		case err == nil:
			cfg.Log.Info("connected to redis", "attempt", attempt)
			return client
		case life.Err() != nil:
			return nil
		case attempt == 1:
			cfg.Log.Warn("redis cannot be reached, going on without it and trying again", "error", err)
		default:
			cfg.Log.Debug("redis cannot be reached", "attempt", attempt, "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-life.Done():
			timer.Stop()
			return nil
		}
		pause = min(2*pause, connectMax)
	}
}

// errURL is all that is said of a bad URL, which may hold a password.
var errURL = errors.New("must be redis://[user:password@]host:port[/database], or rediss:// for TLS")

func parseURL(text string) (rueidis.ClientOption, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" {
		return rueidis.ClientOption{}, errURL
	}
	opt, err := rueidis.ParseURL(text)
	if err != nil || opt.SelectDB < 0 {
		return rueidis.ClientOption{}, errURL
	}
	return opt, nil
}
