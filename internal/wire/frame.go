package wire

import (
	"encoding/binary"
	"fmt"
)

// Sizes of a packet, in bytes.
const (
	HeaderSize    = 6    // size, command and two bytes that are zero in the plain form
	MaxPacketSize = 2047 // eleven bits, header included
	MaxPadding    = 7    // three bits, client → server only
	MaxCommand    = 0x7ff
)

// Direction says who sends a packet; the two scatter their heads differently.
type Direction uint8

// The directions.
const (
	ClientToServer Direction = iota
	ServerToClient
)

// String returns "client to server" or "server to client".
func (d Direction) String() string {
	if d == ClientToServer {
		return "client to server"
	}
	return "server to client"
}

// Header is the start of a plain packet.
type Header struct {
	Size    uint16 // whole packet in bytes, 6–2047
	Command uint16 // 0–0x7ff
}

// AppendHeader appends the six bytes of h.
func AppendHeader(dst []byte, h Header) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, h.Size)
	dst = binary.LittleEndian.AppendUint16(dst, h.Command)
	return append(dst, 0, 0)
}

// PutSize overwrites the size in the header at the start of packet.
func PutSize(packet []byte, size uint16) { binary.LittleEndian.PutUint16(packet, size) }

// ParseHeader reads the header of a whole plain packet. It fails with ErrSize
// when the packet is not as long as its header says, and with ErrHeader when
// the command needs more than eleven bits or the two spare bytes are not zero.
func ParseHeader(plain []byte) (Header, error) {
	if len(plain) < HeaderSize {
		return Header{}, fmt.Errorf("%w: %d bytes are less than the %d of a header", ErrSize, len(plain), HeaderSize)
	}
	h := Header{
		Size:    binary.LittleEndian.Uint16(plain),
		Command: binary.LittleEndian.Uint16(plain[2:]),
	}
	switch {
	case int(h.Size) != len(plain) || h.Size > MaxPacketSize:
		return h, fmt.Errorf("%w: header says %d bytes, packet has %d (at most %d)", ErrSize, h.Size, len(plain), MaxPacketSize)
	case h.Command > MaxCommand:
		return h, fmt.Errorf("%w: command 0x%x is above 0x%x", ErrHeader, h.Command, MaxCommand)
	case plain[4] != 0 || plain[5] != 0:
		return h, fmt.Errorf("%w: bytes 4 and 5 are %#02x %#02x, want zero", ErrHeader, plain[4], plain[5])
	}
	return h, nil
}
