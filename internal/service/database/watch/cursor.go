package watch

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// A cursor is a version, the run it belongs to, and the number of the last
// event that was handled.
const (
	cursorVersion = 1
	runLen        = 16
	cursorLen     = 1 + runLen + 8
	// MaxCursorLen bounds a cursor of any version, bytes.
	MaxCursorLen = 64
)

// run names one connection of one replica's feed. Another connection is another
// run: between the two, changes may have been missed.
type run [runLen]byte

func newRun() (r run) {
	_, _ = rand.Read(r[:]) // never fails
	return r
}

func appendCursor(r run, seq uint64) []byte {
	b := make([]byte, 0, cursorLen)
	b = append(b, cursorVersion)
	b = append(b, r[:]...)
	return binary.BigEndian.AppendUint64(b, seq)
}

// parseCursor reads a cursor. known is false for a cursor of a later version,
// which comes from a newer replica. The error names the request's field.
func parseCursor(b []byte) (r run, seq uint64, known bool, err error) {
	switch {
	case len(b) == 0 || len(b) > MaxCursorLen || b[0] == 0:
		return r, 0, false, errs.Invalid("cursor", "must be empty or the cursor of a message of a watch")
	case b[0] != cursorVersion:
		return r, 0, false, nil
	case len(b) != cursorLen:
		return r, 0, false, errs.Invalid("cursor", "must be empty or the whole cursor of a message of a watch")
	}
	copy(r[:], b[1:])
	return r, binary.BigEndian.Uint64(b[1+runLen:]), true, nil
}
