package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxSnapshotXip bounds the running transactions that a Snapshot may list. A
// server has far fewer connections.
const MaxSnapshotXip = 1 << 16

// Snapshot says which transactions a statement saw, as PostgreSQL's type
// pg_snapshot does. The zero Snapshot sees nothing; engines without
// transaction ids return it. A Snapshot must not be changed.
type Snapshot struct {
	// Xmin: all transactions below it had ended.
	Xmin uint64
	// Xmax: no transaction from it on had ended.
	Xmax uint64
	// Xip are the transactions from Xmin to Xmax that were running, ascending.
	Xip []uint64
}

// ParseSnapshot reads the text form of a pg_snapshot, xmin:xmax:xip,xip,….
func ParseSnapshot(text string) (Snapshot, error) {
	low, rest, ok := strings.Cut(text, ":")
	high, list, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 {
		return Snapshot{}, malformedSnapshot(text)
	}
	var s Snapshot
	var err error
	if s.Xmin, err = strconv.ParseUint(low, 10, 64); err != nil {
		return Snapshot{}, malformedSnapshot(text)
	}
	if s.Xmax, err = strconv.ParseUint(high, 10, 64); err != nil {
		return Snapshot{}, malformedSnapshot(text)
	}
	if list != "" {
		s.Xip = make([]uint64, 0, strings.Count(list, ",")+1)
		for part := range strings.SplitSeq(list, ",") {
			xid, err := strconv.ParseUint(part, 10, 64)
			if err != nil {
				return Snapshot{}, malformedSnapshot(text)
			}
			s.Xip = append(s.Xip, xid)
		}
	}
	if !s.valid() {
		return Snapshot{}, malformedSnapshot(text)
	}
	return s, nil
}

func malformedSnapshot(text string) error {
	return fmt.Errorf("malformed snapshot %q: want xmin:xmax:xip,xip", text)
}

func (s Snapshot) valid() bool {
	if s.Xmin > s.Xmax || len(s.Xip) > MaxSnapshotXip {
		return false
	}
	last := uint64(0)
	for i, xid := range s.Xip {
		if xid < s.Xmin || xid >= s.Xmax || i > 0 && xid <= last {
			return false
		}
		last = xid
	}
	return true
}

// IsZero reports whether the Snapshot is the zero one.
func (s Snapshot) IsZero() bool { return s.Xmax == 0 }

// Sees reports whether s sees the effects of a transaction that has ended.
func (s Snapshot) Sees(xid uint64) bool {
	switch {
	case xid < s.Xmin:
		return true
	case xid >= s.Xmax:
		return false
	}
	_, underWay := slices.BinarySearch(s.Xip, xid)
	return !underWay
}

// Covers reports whether s sees everything that o sees.
func (s Snapshot) Covers(o Snapshot) bool {
	if s.Xmax < o.Xmax {
		return false
	}
	for _, xid := range s.Xip {
		if xid >= o.Xmax {
			break
		}
		if o.Sees(xid) {
			return false
		}
	}
	return true
}

// String returns the text form.
func (s Snapshot) String() string {
	b := strconv.AppendUint(nil, s.Xmin, 10)
	b = append(b, ':')
	b = strconv.AppendUint(b, s.Xmax, 10)
	b = append(b, ':')
	for i, xid := range s.Xip {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, xid, 10)
	}
	return string(b)
}

// AppendBinary appends a form that DecodeSnapshot reads.
func (s Snapshot) AppendBinary(b []byte) []byte {
	b = binary.AppendUvarint(b, s.Xmin)
	b = binary.AppendUvarint(b, s.Xmax-s.Xmin)
	b = binary.AppendUvarint(b, uint64(len(s.Xip)))
	for _, xid := range s.Xip {
		b = binary.AppendUvarint(b, xid-s.Xmin)
	}
	return b
}

// DecodeSnapshot reads what AppendBinary wrote and returns what follows it. ok
// is false for anything else.
func DecodeSnapshot(b []byte) (s Snapshot, rest []byte, ok bool) {
	next := func() (v uint64) {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok = false
			return 0
		}
		b = b[n:]
		return v
	}
	ok = true
	s.Xmin = next()
	s.Xmax = s.Xmin + next()
	n := next()
	if !ok || n > MaxSnapshotXip || n > uint64(len(b)) {
		return Snapshot{}, nil, false
	}
	if n > 0 {
		s.Xip = make([]uint64, n)
		for i := range s.Xip {
			s.Xip[i] = s.Xmin + next()
		}
	}
	if !ok || !s.valid() {
		return Snapshot{}, nil, false
	}
	return s, b, true
}
