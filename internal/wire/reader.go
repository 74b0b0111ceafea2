package wire

import (
	"errors"
	"fmt"
	"io"
)

// Buffers lends the memory that packets are read into, so that a connection
// with nothing to read holds none. Get returns at least n bytes of length;
// the reader gives a buffer back by Put only when it fails.
type Buffers interface {
	Get(n int) []byte
	Put(b []byte)
}

// Limits says what a Reader accepts. Both are checked as soon as the head is
// decoded, before a byte of payload is read or a buffer is taken.
type Limits struct {
	// MaxSize is the largest plain packet in bytes, header included, 6–2047;
	// 0 means MaxPacketSize.
	MaxSize int
	// Check returns the smallest and largest plain size of a command, and
	// false for one that may not come now. nil accepts every command.
	Check func(command uint16) (minSize, maxSize int, ok bool)
}

// Reader takes plain packets out of a stream. It never reads beyond the
// packet that it returns, so it may be replaced between packets. Two reads
// are made for each packet: give it a bufio.Reader to save system calls. It
// is used by one goroutine.
type Reader struct {
	src     io.Reader
	tables  *Tables
	dir     Direction
	limits  Limits
	buffers Buffers
	own     []byte
	head    [HeaderSize]byte
	err     error
}

// NewReader returns a Reader of the packets that src sends in direction dir.
// With nil buffers it reads into one of its own, which each call overwrites.
func NewReader(src io.Reader, t *Tables, dir Direction, limits Limits, buffers Buffers) *Reader {
	if limits.MaxSize <= 0 || limits.MaxSize > MaxPacketSize {
		limits.MaxSize = MaxPacketSize
	}
	return &Reader{src: src, tables: t, dir: dir, limits: limits, buffers: buffers}
}

// ReadPacket reads one packet and returns it in plain form. With Buffers the
// packet lies at the start of the buffer lent for it and now belongs to the
// caller, who gives it back; without, it is good until the next call.
//
// The error is io.EOF when the stream ends between packets,
// io.ErrUnexpectedEOF when it ends inside one, the source's own error, or one
// of ErrSize, ErrPadding, ErrCommand and ErrChecksum. An error is final: the
// place of the next packet is lost, and every further call returns it again.
func (r *Reader) ReadPacket() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	var plain []byte
	plain, r.err = r.read()
	return plain, r.err
}

func (r *Reader) read() ([]byte, error) {
	if n, err := io.ReadFull(r.src, r.head[:]); err != nil {
		if n == 0 && errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("read packet: %d of %d header bytes: %w", n, HeaderSize, err)
	}
	h := r.tables.OpenHead(r.head[:], r.dir)
	if err := r.accept(h); err != nil {
		return nil, err
	}
	buf := r.get(int(h.Length))
	packet := buf[:h.Length]
	copy(packet, r.head[:])
	if n, err := io.ReadFull(r.src, packet[HeaderSize:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		r.put(buf)
		return nil, fmt.Errorf("read packet: %d of %d bytes: %w", HeaderSize+n, h.Length, err)
	}
	plain, err := r.tables.openBody(packet, h, r.dir)
	if err != nil {
		r.put(buf)
		return nil, fmt.Errorf("packet 0x%x of %d bytes: %w", h.Command, h.Length, err)
	}
	return plain, nil
}

// accept refuses from the head alone what cannot be right.
func (r *Reader) accept(h Head) error {
	if err := checkHead(h, r.dir); err != nil {
		return err
	}
	size := h.Size(r.dir)
	if size > r.limits.MaxSize {
		return fmt.Errorf("%w: %d bytes, at most %d here", ErrSize, size, r.limits.MaxSize)
	}
	if r.limits.Check == nil {
		return nil
	}
	lo, hi, ok := r.limits.Check(h.Command)
	switch {
	case !ok:
		return fmt.Errorf("%w: 0x%x", ErrCommand, h.Command)
	case size < lo || size > hi:
		return fmt.Errorf("%w: command 0x%x in %d bytes, want %d to %d", ErrSize, h.Command, size, lo, hi)
	}
	return nil
}

func (r *Reader) get(n int) []byte {
	if r.buffers != nil {
		return r.buffers.Get(n)
	}
	if cap(r.own) < n {
		r.own = make([]byte, r.limits.MaxSize+MaxPadding)
	}
	return r.own[:n]
}

func (r *Reader) put(buf []byte) {
	if r.buffers != nil {
		r.buffers.Put(buf)
	}
}
