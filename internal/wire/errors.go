package wire

import (
	"errors"
	"fmt"
)

// What can be wrong with a packet. Every error of this package that speaks of
// a packet matches exactly one of these under errors.Is and adds the numbers.
var (
	// ErrSize: a size below the header, above a limit, or that disagrees with
	// the bytes at hand.
	ErrSize = errors.New("bad packet size")
	// ErrCommand: a command that the reader's Check does not know.
	ErrCommand = errors.New("unexpected command")
	// ErrPadding: more padding than the packet has room for.
	ErrPadding = errors.New("bad padding")
	// ErrChecksum: the checksum does not match; damaged, or another seed.
	ErrChecksum = errors.New("bad checksum")
	// ErrHeader: a plain packet whose header cannot be sealed.
	ErrHeader = errors.New("bad packet header")
	// ErrShort: a field reaches beyond the end of the packet.
	ErrShort = errors.New("packet too short")
	// ErrTrailing: bytes are left after the last field.
	ErrTrailing = errors.New("bytes left over")
	// ErrText: text that is too long, has no end, holds a zero byte or is not
	// UTF-8.
	ErrText = errors.New("bad text")
	// ErrUTF8: text that is whole and not UTF-8; it matches ErrText too. Clients
	// that write another code page send it.
	ErrUTF8 = fmt.Errorf("%w: not UTF-8", ErrText)
	// ErrValue: a field whose value is out of its range.
	ErrValue = errors.New("bad value")
	// ErrSeed: seed 0, which has no safe meaning to clients.
	ErrSeed = errors.New("bad codec seed")
	// ErrOffsets: scramble offsets that do not fit their bits.
	ErrOffsets = errors.New("bad scramble offsets")
)
