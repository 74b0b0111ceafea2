package world

import (
	"errors"
	"fmt"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/zone"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// Config holds the settings of the world.
type Config struct {
	// SaveInterval is how often changed characters are written, 100 ms to 1 m.
	// It bounds what a killed process loses.
	SaveInterval time.Duration
	// Linger is how long the players of a lost stream stay, 0 to 10 m.
	Linger time.Duration
	// DataFile is the path of the world's tables; empty for the built-in ones.
	DataFile string
	// Record is the directory of recordings, see recording; empty for none.
	Record string
	// MaxPlayers is how many players may be in the world, 1 to zone.MaxEntities.
	MaxPlayers int
	// StreamQueue is how many messages may wait for one gateway, 16 to
	// 1,000,000. If more wait, the gateway's stream is cut.
	StreamQueue int
	// ZoneQueue is how many commands may wait for one zone, 16 to 1,000,000.
	// If there are more, the gateways wait.
	ZoneQueue int
	// StoreTimeout bounds one call to the store, 100 ms to 1 m.
	StoreTimeout time.Duration
}

// DefaultConfig returns the default settings.
func DefaultConfig() Config {
	return Config{
		SaveInterval: time.Second,
		Linger:       30 * time.Second,
		MaxPlayers:   2000,
		StreamQueue:  8192,
		ZoneQueue:    4096,
		StoreTimeout: 5 * time.Second,
	}
}

const (
	minSave, maxSave       = 100 * time.Millisecond, time.Minute
	maxLinger              = 10 * time.Minute
	minQueue, maxQueue     = 16, 1_000_000
	minTimeout, maxTimeout = 100 * time.Millisecond, time.Minute
)

// Register adds the settings to a section.
func (c *Config) Register(s *config.Section) {
	d := DefaultConfig()
	s.Duration(&c.SaveInterval, "world-save-interval", d.SaveInterval,
		"How often changed characters are saved. A killed process loses about this much of play at most.", config.Range(minSave, maxSave))
	s.Duration(&c.Linger, "world-linger", d.Linger,
		"How long players stay in the world after the connection to their gateway is lost.", config.Range(time.Duration(0), maxLinger))
	s.String(&c.DataFile, "world-data", d.DataFile,
		"Path of a file with the world's tables; empty for the built-in ones.")
	s.String(&c.Record, "world-record", d.Record,
		"Directory into which each zone records what it is told, up to 1 GiB for each zone and start; waystone replay reads it. Local chat and shouts are recorded too. Empty records nothing.")
	s.Int(&c.MaxPlayers, "world-max-players", d.MaxPlayers,
		"How many players may be in the world.", config.Range(1, zone.MaxEntities))
	s.Int(&c.StreamQueue, "world-stream-queue", d.StreamQueue,
		"How many messages may wait for one gateway. The stream of a gateway with more is cut.", config.Range(minQueue, maxQueue))
	s.Int(&c.ZoneQueue, "world-zone-queue", d.ZoneQueue,
		"How many commands may wait for one zone. If there are more, the gateways wait.", config.Range(minQueue, maxQueue))
	s.Duration(&c.StoreTimeout, "world-store-timeout", d.StoreTimeout,
		"How long one call to the database part may take.", config.Range(minTimeout, maxTimeout))
}

// Validate reports every setting that is out of its range. New calls it, so
// that a Config that was made by hand is checked as well.
func (c *Config) Validate() error {
	return errors.Join(
		between("SaveInterval", c.SaveInterval, minSave, maxSave),
		between("Linger", c.Linger, 0, maxLinger),
		between("MaxPlayers", c.MaxPlayers, 1, zone.MaxEntities),
		between("StreamQueue", c.StreamQueue, minQueue, maxQueue),
		between("ZoneQueue", c.ZoneQueue, minQueue, maxQueue),
		between("StoreTimeout", c.StoreTimeout, minTimeout, maxTimeout),
	)
}

func between[T int | time.Duration](name string, v, low, high T) error {
	if v < low || v > high {
		return fmt.Errorf("world: %s is %v, must be from %v to %v", name, v, low, high)
	}
	return nil
}
