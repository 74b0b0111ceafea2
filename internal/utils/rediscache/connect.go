package rediscache

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/redis/rueidis"
)

// The wait between two attempts to connect for the first time doubles from
// connectMin to connectMax.
const (
	connectMin = 50 * time.Millisecond
	connectMax = 2 * time.Second
)

// refreshEvery is how often the Sentinels, or the nodes of a cluster, are asked
// who the masters are. The client is told of most changes at once, but not
// of those that happen while it has no connection to a server that tells it, nor of
// those whose only sign is that a server does not answer.
const refreshEvery = time.Second

// connect tries until there is a client, and returns nil if life ends first.
// Why an attempt has failed is told.
// Once a client exists, it renews its connections by itself.
func connect(life context.Context, a address, cfg Config, tell func(error)) rueidis.Client {
	opt := a.options(life, cfg)
	pause := connectMin
	for attempt := 1; ; attempt++ {
		client, err := a.client(opt)
		switch {
		case err == nil:
			cfg.Log.Info("connected to redis", "attempt", attempt)
			return client
		case life.Err() != nil:
			return nil
		}
		tell(err)
		switch attempt {
		case 1:
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

func (a address) options(life context.Context, cfg Config) rueidis.ClientOption {
	opt := a.opt
	opt.Dialer.Timeout = cfg.DialTimeout
	opt.ConnWriteTimeout = cfg.DialTimeout
	opt.DisableCache = true // no copies in the client: nobody would know their age
	opt.DisableRetry = true // the circuit breaker decides instead
	// One connection to a server: what many callers ask at once goes over it
	// together, with fewer system calls on both sides than over several.
	opt.PipelineMultiplex = -1
	opt.DialCtxFn = func(ctx context.Context, addr string, dialer *net.Dialer, secure *tls.Config) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(life, cancel)() // Close does not wait for a dial
		if secure != nil {
			return (&tls.Dialer{NetDialer: dialer, Config: secure}).DialContext(ctx, "tcp", addr)
		}
		return dialer.DialContext(ctx, "tcp", addr)
	}
	switch a.kind {
	case sentinel:
		opt.Sentinel.Dialer.Timeout = cfg.DialTimeout
		opt.Sentinel.Dialer.KeepAlive = rueidis.DefaultTCPKeepAlive
		opt.Sentinel.TopologyRefreshInterval = refreshEvery
	case cluster:
		opt.ClusterOption.ShardsRefreshInterval = refreshEvery
	case single:
		opt.ForceSingleClient = true
	}
	return opt
}

// client connects once. A server of another kind than the URL says is refused:
// with it every second call would fail, and nothing would say why.
func (a address) client(opt rueidis.ClientOption) (rueidis.Client, error) {
	client, err := rueidis.NewClient(opt)
	if err != nil {
		return nil, err
	}
	switch {
	case a.kind == cluster && client.Mode() != rueidis.ClientModeCluster:
		err = errors.New("it runs alone, or does not tell its nodes to this user: it needs redis:// or rediss://")
	case a.kind == single && clustered(client):
		err = errors.New("it is a node of a cluster: it needs redis-cluster:// or rediss-cluster://")
	}
	if err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// clustered reports whether a server says that it is part of a cluster. One that
// runs alone answers with an error, and so does one that may not tell.
func clustered(client rueidis.Client) bool {
	ctx, cancel := context.WithTimeout(context.Background(), rueidis.DefaultDialTimeout)
	defer cancel()
	return client.Do(ctx, client.B().ClusterInfo().Build()).Error() == nil
}
