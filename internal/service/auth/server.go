package auth

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth/turns"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/fairpool"
)

// Store is what the auth part needs of the storage contract.
type Store interface {
	store.Users
	store.Sessions
	store.GameAccounts
	store.Tickets
	store.Plays
	store.Attempts
	store.Credentials
	store.SessionWriter
}

// Deps is what the auth part is given.
type Deps struct {
	Log        *slog.Logger          // nil for none
	Metrics    prometheus.Registerer // nil for none
	Store      Store
	Now        func() time.Time                   // nil for the wall clock
	Verify     func(hash, clientForm string) bool // nil for argon2id; tests count the calls
	VerifySite func(hash, password string) bool   // nil for the website's scrypt; tests count the calls
}

// Server implements AuthService. It is safe for concurrent use and has nothing
// to close.
type Server struct {
	authv1.UnimplementedAuthServiceServer
	cfg        Config
	log        *slog.Logger
	store      Store
	throttle   *throttle
	now        func() time.Time
	verify     func(hash, clientForm string) bool
	verifySite func(hash, password string) bool
	dummy      string // a hash that no form has
	siteDummy  string // a hash of the website that no password has
	pool       *fairpool.Pool
	metrics    *metrics
	// closingWait is how long a sign-in waits for the end of an earlier one.
	closingWait time.Duration
	endingWait  time.Duration // the same for the play whose ticket is used again
}

// New returns the auth part. It fails on a setting out of its range, without a
// store, and when metrics of the same names are registered already.
func New(cfg Config, d Deps) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if d.Store == nil {
		return nil, errors.New("auth: Deps.Store is missing")
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Verify == nil {
		d.Verify = verify
	}
	if d.VerifySite == nil {
		d.VerifySite = VerifySitePassword
	}
	m := newMetrics()
	pool := fairpool.New(cfg.workers(), cfg.HashQueue, cfg.HashQueuePerNetwork, ErrBusy, m.hashing)
	s := &Server{
		cfg: cfg, log: d.Log, store: d.Store, now: d.Now,
		throttle: &throttle{attempts: d.Store, limits: cfg.limits(), knownFor: cfg.KnownFor, tries: m.tries, full: pool.Full, turns: turns.Turns{Most: maxTrying}},
		verify:   d.Verify, dummy: dummyHash(),
		verifySite: d.VerifySite, siteDummy: siteDummyHash(),
		pool: pool, metrics: m,
		closingWait: closingWait,
		endingWait:  endingWait,
	}
	if d.Metrics != nil {
		if err := m.register(d.Metrics, s.pool); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// refused logs why a player was not let in. A refusal is normal and is logged
// as information. Anything else is a problem of the server and is logged as a
// warning, with its cause.
func (s *Server) refused(ctx context.Context, msg string, err error, attrs ...slog.Attr) {
	level := slog.LevelInfo
	attrs = append(attrs, slog.String("reason", errs.ReasonOf(err)))
	switch errs.KindOf(err) {
	case errs.Internal, errs.Unavailable, errs.DeadlineExceeded, errs.ResourceExhausted:
		level = slog.LevelWarn
		attrs = append(attrs, slog.Any("error", err))
	default:
	}
	s.log.LogAttrs(ctx, level, msg, attrs...) //nolint:sloglint // the callers pass literals
}
