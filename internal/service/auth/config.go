package auth

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// Config holds the settings of the auth part.
type Config struct {
	// TicketLifetime is how long a ticket is good, 1 s to
	// store.MaxTicketLifetime.
	TicketLifetime time.Duration
	// BindAddress makes every stage refuse a player whose address differs from
	// that of the sign-in.
	BindAddress bool
	// HashWorkers is how many passwords are hashed at once, 1 to 256; 0 for half
	// of the cores, at least one.
	HashWorkers int
	// HashQueue is how many more may wait, 1 to 65,536. Beyond that callers get
	// ErrBusy at once.
	HashQueue int
	// HashQueuePerNetwork is how many of them may come from one network, 1 to
	// 65,536.
	HashQueuePerNetwork int
	// AttemptDevice, AttemptAccount, AttemptNetwork, AttemptWide and AttemptWidest
	// are the limits of the attempts at passwords; see store.AttemptLimits.
	AttemptDevice, AttemptAccount, AttemptNetwork, AttemptWide, AttemptWidest store.AttemptLimit
	// KnownFor is how long an address and its network are known to an account
	// after a sign-in by password, 1 s to store.MaxDeviceMemory.
	KnownFor time.Duration
	// RequireVerifiedEmail is the website's requireEmailVerification.
	RequireVerifiedEmail bool
	// UsernameMin and UsernameMax are the website's bounds of a user name, 1 to
	// 128 characters; PasswordMax is that of a password, 1 to 1024 units of
	// UTF-16.
	UsernameMin, UsernameMax, PasswordMax int
	// SessionLifetime is how long a session made by SignIn lasts,
	// store.MinSessionLifetime to store.MaxSessionLifetime.
	SessionLifetime time.Duration
	// FreshSession is how long ago a session of the website may have been made to
	// change a game password without the website's password, 1 s to 1 day.
	FreshSession time.Duration
}

// DefaultConfig returns the default settings.
func DefaultConfig() Config {
	const day = 24 * time.Hour
	return Config{
		TicketLifetime: time.Minute, HashQueue: 64, HashQueuePerNetwork: 8,
		AttemptDevice:  store.AttemptLimit{Free: 5, First: time.Second, Longest: 15 * time.Minute, Memory: day},
		AttemptAccount: store.AttemptLimit{Free: 20, First: time.Second, Longest: time.Minute, Memory: time.Hour},
		AttemptNetwork: store.AttemptLimit{Free: 50, First: time.Second, Longest: 15 * time.Minute, Memory: day},
		AttemptWide:    store.AttemptLimit{Free: 100, First: time.Second, Longest: 30 * time.Second, Memory: time.Hour},
		AttemptWidest:  store.AttemptLimit{Free: 250, First: 500 * time.Millisecond, Longest: 2 * time.Second, Memory: 15 * time.Minute},
		KnownFor:       90 * day,
		UsernameMin:    store.DefaultUsernameMin, UsernameMax: store.DefaultUsernameMax, PasswordMax: 128,
		SessionLifetime: 7 * day,
		FreshSession:    10 * time.Minute,
	}
}

const (
	minLifetime = time.Second
	maxFresh    = 24 * time.Hour
	maxWorkers  = 256
	maxQueue    = 65_536
	maxUsername = 128
	maxPassword = 1024
)

// Register adds the settings to a section.
func (c *Config) Register(s *config.Section) {
	d := DefaultConfig()
	s.Duration(&c.TicketLifetime, "ticket-lifetime", d.TicketLifetime,
		"How long a ticket is valid for the sign-in.", config.Range(minLifetime, store.MaxTicketLifetime))
	s.Bool(&c.BindAddress, "play-bind-address", d.BindAddress,
		"Whether a player must come to every stage from the address of the sign-in.")
	s.Int(&c.HashWorkers, "auth-hash-workers", d.HashWorkers,
		"Passwords that are hashed at the same time, each in 32 MiB of memory; 0 for half of the cores.", config.Range(0, maxWorkers))
	s.Int(&c.HashQueue, "auth-hash-queue", d.HashQueue,
		"Passwords that may wait to be hashed before sign-ins by password are refused.", config.Range(1, maxQueue))
	s.Int(&c.HashQueuePerNetwork, "auth-hash-queue-per-network", d.HashQueuePerNetwork,
		"How many of them may come from one network, an IPv4 /24 or an IPv6 /56.", config.Range(1, maxQueue))
	limit := func(l *store.AttemptLimit, name string, def store.AttemptLimit, usage string) {
		*l = def
		s.Var(limitValue{l}, name, "limit", usage)
	}
	limit(&c.AttemptDevice, "auth-attempts-device", d.AttemptDevice,
		"Attempts at one account from one known address, otherwise from one network: FREE,FIRST,LONGEST,MEMORY. After FREE attempts the next one waits FIRST, and each further one twice as long, up to LONGEST. The count is forgotten MEMORY after the last attempt.")
	limit(&c.AttemptAccount, "auth-attempts-account", d.AttemptAccount,
		"Attempts at one account from all networks that are not known to it, in the same form.")
	limit(&c.AttemptNetwork, "auth-attempts-network", d.AttemptNetwork,
		"Attempts from one network at all accounts to which it is not known, in the same form.")
	limit(&c.AttemptWide, "auth-attempts-wide", d.AttemptWide,
		"Attempts from one IPv4 /20 or IPv6 /48 at all accounts to which their networks are not known, in the same form.")
	limit(&c.AttemptWidest, "auth-attempts-widest", d.AttemptWidest,
		"Attempts from one IPv4 /16 or IPv6 /32, in the same form.")
	s.Duration(&c.KnownFor, "auth-known-for", d.KnownFor,
		"How long an address and its network are known to an account after a sign-in by password.", config.Range(time.Second, store.MaxDeviceMemory))
	s.Bool(&c.RequireVerifiedEmail, "website-require-verified-email", d.RequireVerifiedEmail,
		"The website's emailAndPassword.requireEmailVerification.")
	s.Int(&c.UsernameMin, "website-username-min", d.UsernameMin,
		"The website's shortest user name, characters.", config.Range(1, maxUsername))
	s.Int(&c.UsernameMax, "website-username-max", d.UsernameMax,
		"The website's longest user name, characters.", config.Range(1, maxUsername))
	s.Int(&c.PasswordMax, "website-password-max", d.PasswordMax,
		"The website's longest password, units of UTF-16.", config.Range(1, maxPassword))
	s.Duration(&c.SessionLifetime, "sign-in-session-lifetime", d.SessionLifetime,
		"How long a session lasts that a sign-in over gRPC creates: the website's session.expiresIn.",
		config.Range(store.MinSessionLifetime, store.MaxSessionLifetime))
	s.Duration(&c.FreshSession, "fresh-session", d.FreshSession,
		"How long after the sign-in a user may change the game password if the website password cannot be verified or does not exist.",
		config.Range(time.Second, maxFresh))
}

// Validate reports every setting that is out of its range. New calls it, so
// that a Config that did not come from Register is checked as well.
func (c *Config) Validate() error {
	return errors.Join(
		between("TicketLifetime", c.TicketLifetime, minLifetime, store.MaxTicketLifetime),
		between("HashWorkers", c.HashWorkers, 0, maxWorkers),
		between("HashQueue", c.HashQueue, 1, maxQueue),
		between("HashQueuePerNetwork", c.HashQueuePerNetwork, 1, maxQueue),
		named("AttemptDevice", checkLimit(c.AttemptDevice)),
		named("AttemptAccount", checkLimit(c.AttemptAccount)),
		named("AttemptNetwork", checkLimit(c.AttemptNetwork)),
		named("AttemptWide", checkLimit(c.AttemptWide)),
		named("AttemptWidest", checkLimit(c.AttemptWidest)),
		between("KnownFor", c.KnownFor, time.Second, store.MaxDeviceMemory),
		between("UsernameMin", c.UsernameMin, 1, c.UsernameMax),
		between("UsernameMax", c.UsernameMax, 1, maxUsername),
		between("PasswordMax", c.PasswordMax, 1, maxPassword),
		between("SessionLifetime", c.SessionLifetime, store.MinSessionLifetime, store.MaxSessionLifetime),
		between("FreshSession", c.FreshSession, time.Second, maxFresh),
	)
}

// limits are the limits of attempts in the form that the store takes.
func (c *Config) limits() store.AttemptLimits {
	return store.AttemptLimits{
		Device: c.AttemptDevice, Account: c.AttemptAccount, Network: c.AttemptNetwork, Wide: c.AttemptWide, Widest: c.AttemptWidest,
	}
}

func named(name string, err error) error {
	if err != nil {
		return fmt.Errorf("auth: %s %w", name, err)
	}
	return nil
}

func between[T int | time.Duration](name string, v, low, high T) error {
	if v < low || v > high {
		return fmt.Errorf("auth: %s is %v, must be from %v to %v", name, v, low, high)
	}
	return nil
}

// workers replaces the 0 of HashWorkers by half of the cores. The other half is
// left for everything else in the process while somebody guesses passwords.
func (c *Config) workers() int {
	if c.HashWorkers > 0 {
		return c.HashWorkers
	}
	return max(1, runtime.GOMAXPROCS(0)/2)
}
