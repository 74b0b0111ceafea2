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
	// BindAddress makes every stage refuse a player who comes from another
	// address than at the sign-in.
	BindAddress bool
	// HashWorkers is how many game passwords are hashed at once, 1 to 256; 0
	// for half of the cores, at least one.
	HashWorkers int
	// HashQueue is how many more may wait, 1 to 65,536. Beyond that callers get
	// ErrBusy at once.
	HashQueue int
}

// DefaultConfig returns the settings as they are when nobody sets any.
func DefaultConfig() Config {
	return Config{TicketLifetime: time.Minute, HashQueue: 64}
}

const (
	minLifetime = time.Second
	maxWorkers  = 256
	maxQueue    = 65_536
)

// Register adds the settings to a section.
func (c *Config) Register(s *config.Section) {
	d := DefaultConfig()
	s.Duration(&c.TicketLifetime, "ticket-lifetime", d.TicketLifetime,
		"How long a ticket is good for the sign-in.", config.Range(minLifetime, store.MaxTicketLifetime))
	s.Bool(&c.BindAddress, "play-bind-address", d.BindAddress,
		"Whether a player must come to every stage from the address of the sign-in.")
	s.Int(&c.HashWorkers, "auth-hash-workers", d.HashWorkers,
		"Game passwords that are hashed at once, each in 19 MiB of memory; 0 for half of the cores.", config.Range(0, maxWorkers))
	s.Int(&c.HashQueue, "auth-hash-queue", d.HashQueue,
		"Game passwords that may wait to be hashed before sign-ins by password are refused.", config.Range(1, maxQueue))
}

// Validate reports every setting that is out of its range. New calls it, so
// that a Config that was made by hand is checked as well.
func (c *Config) Validate() error {
	return errors.Join(
		between("TicketLifetime", c.TicketLifetime, minLifetime, store.MaxTicketLifetime),
		between("HashWorkers", c.HashWorkers, 0, maxWorkers),
		between("HashQueue", c.HashQueue, 1, maxQueue),
	)
}

func between[T int | time.Duration](name string, v, low, high T) error {
	if v < low || v > high {
		return fmt.Errorf("auth: %s is %v, must be from %v to %v", name, v, low, high)
	}
	return nil
}

// workers resolves the 0 of HashWorkers. Half of the cores leaves the other
// half to everything else in the process while passwords are being guessed.
func (c *Config) workers() int {
	if c.HashWorkers > 0 {
		return c.HashWorkers
	}
	return max(1, runtime.GOMAXPROCS(0)/2)
}
