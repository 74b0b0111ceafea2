package bot

import (
	"sync"

	"github.com/waystone-mmo/waystone/internal/wire"
)

// maxCodecs bounds what Codecs keeps; further seeds are built each time.
const maxCodecs = 16

// Codecs keeps the cipher tables of the seeds that were seen, about 67 KiB
// each, so that many bots share them. Its zero value is ready, and it may be
// used from any goroutine.
type Codecs struct {
	mu     sync.Mutex
	byID   map[uint32]*wire.Tables
	normal *wire.Tables
}

// login returns the tables of login connections.
func (c *Codecs) login() *wire.Tables {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.normal == nil {
		c.normal = wire.DefaultTables()
	}
	return c.normal
}

// seeded returns the tables of a seed, which must not be 0.
func (c *Codecs) seeded(seed uint32) (*wire.Tables, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.byID[seed]; ok {
		return t, nil
	}
	t, err := wire.SeededTables(seed)
	if err != nil {
		return nil, err
	}
	if c.byID == nil {
		c.byID = map[uint32]*wire.Tables{}
	}
	if len(c.byID) < maxCodecs {
		c.byID[seed] = t
	}
	return t, nil
}
