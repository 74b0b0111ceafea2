package auth

import (
	"context"
	"fmt"

	"github.com/waystone-mmo/waystone/internal/utils/health"
)

// reasonFull is the reason of Queue.
const reasonFull = "full"

// QueueReasons are the reasons of Queue; see health.Check.
func QueueReasons() []string { return []string{reasonFull} }

// Queue returns an error while the queue for hashing passwords is full: some
// sign-ins are refused then.
func (s *Server) Queue(context.Context) error {
	if n := s.pool.Waiting(); n >= s.cfg.HashQueue {
		return health.Because(reasonFull, fmt.Errorf("%d passwords wait to be hashed and the queue is full: some sign-ins are refused; "+
			"raise AUTH_HASH_QUEUE or AUTH_HASH_WORKERS, or start another auth part", n))
	}
	return nil
}
