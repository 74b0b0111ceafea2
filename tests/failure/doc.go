// Package failure shows what every RPC of the database part does under every
// fault of what it stands on, of itself and of its caller. One fault at a time
// is made on real servers, and all RPCs are called while it lasts.
//
// A call may answer, and then its answer is what the database holds; or it ends
// within its deadline with the code that is documented for the fault. When the
// fault is over, every RPC answers within Recovery, what was written is there
// once and whole, and no goroutine and no connection is left over.
package failure

import "time"

const (
	// Deadline is that of every call under a fault.
	Deadline = 2 * time.Second
	// Recovery is how soon after a fault every RPC answers again.
	Recovery = 5 * time.Second
)
