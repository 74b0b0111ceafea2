package connection

import (
	"net"
	"time"

	"github.com/waystone-mmo/waystone/internal/service/packet/bufferpool"
)

// maxBatch bounds how many packets go out in one system call.
const maxBatch = 64

// write sends the queued packets until the connection ends: everything that waits
// is sent in one call.
func (c *Conn) write() {
	var (
		items   []*bufferpool.Shared
		vectors net.Buffers
		done    bool
	)
	for !done {
		<-c.queue.wake
		items, done = c.queue.take(items[:0])
		for start := 0; start < len(items); start += maxBatch {
			batch := items[start:min(start+maxBatch, len(items))]
			bytes := 0
			vectors = vectors[:0]
			for _, s := range batch {
				vectors = append(vectors, s.Bytes())
				bytes += len(s.Bytes())
			}
			_ = c.nc.SetWriteDeadline(time.Now().Add(c.cfg.WriteTimeout))
			out := vectors // WriteTo moves the slice it is called on
			_, err := out.WriteTo(c.nc)
			for _, s := range batch {
				s.Release()
			}
			if err != nil {
				for _, s := range items[min(start+maxBatch, len(items)):] {
					s.Release()
				}
				c.end(writeReason(err), err, false)
				c.queue.close(false)
				return
			}
			c.cfg.Metrics.Sent(c.cfg.Stage, len(batch), bytes)
		}
		if f := c.onSent.Load(); f != nil {
			(*f)()
		}
	}
}

// writeReason distinguishes a client that does not read from a client that is gone.
func writeReason(err error) Reason {
	if r := reasonOf(err); r != TimedOut {
		return r
	}
	return SlowClient
}
