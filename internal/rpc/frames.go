package rpc

import "encoding/binary"

// The parts of HTTP/2 that the bounds of a connection need (RFC 9113, section
// 4.1).
const (
	frameHeadSize = 9
	frameData     = 0x0
	frameHeaders  = 0x1
	frameReset    = 0x3
	flagEndStream = 0x1
	flagPadded    = 0x8

	prefaceSize = 24 // what a client sends before its first frame
)

// frameHead is the head of a frame on the wire.
type frameHead struct {
	kind, flags byte
	stream      uint32
	length      int
}

// endsStream reports whether nothing follows on the frame's stream in the
// frame's direction.
func (h frameHead) endsStream() bool {
	return h.kind == frameReset || h.kind <= frameHeaders && h.flags&flagEndStream != 0
}

// frameVisitor gets the frames of one direction, in order.
type frameVisitor interface {
	begin(h frameHead)
	data(stream uint32, piece []byte) // of a DATA frame, without its padding
	end(h frameHead)
}

// frameWalk parses the frames of one direction from pieces of any size. It
// keeps no payload.
type frameWalk struct {
	skip int // bytes of the preface that are still to come
	raw  [frameHeadSize]byte
	have int       // bytes in raw; frameHeadSize until the frame ends
	head frameHead // of the current frame
	left int       // bytes of its payload that are still to come
	pad  int       // how many of its last bytes are padding; -1 until known
}

// feed parses the next bytes of the connection.
func (w *frameWalk) feed(b []byte, v frameVisitor) {
	for len(b) > 0 {
		switch {
		case w.skip > 0:
			n := min(w.skip, len(b))
			w.skip, b = w.skip-n, b[n:]
		case w.have < frameHeadSize:
			n := copy(w.raw[w.have:], b)
			w.have, b = w.have+n, b[n:]
			if w.have == frameHeadSize {
				w.open()
				v.begin(w.head)
				w.closeIfOver(v)
			}
		default:
			n := min(w.left, len(b))
			piece := b[:n]
			w.left, b = w.left-n, b[n:]
			if w.head.kind == frameData {
				if piece = w.unpad(piece); len(piece) > 0 {
					v.data(w.head.stream, piece)
				}
			}
			w.closeIfOver(v)
		}
	}
}

func (w *frameWalk) open() {
	w.head = frameHead{
		length: int(w.raw[0])<<16 | int(w.raw[1])<<8 | int(w.raw[2]),
		kind:   w.raw[3], flags: w.raw[4],
		stream: binary.BigEndian.Uint32(w.raw[5:]) &^ (1 << 31),
	}
	w.left, w.pad = w.head.length, 0
	if w.head.flags&flagPadded != 0 {
		w.pad = -1
	}
}

func (w *frameWalk) closeIfOver(v frameVisitor) {
	if w.left == 0 {
		v.end(w.head)
		w.have = 0
	}
}

// unpad removes the length of the padding and the padding from a piece of a
// DATA frame. After the piece, w.left bytes of the frame follow.
func (w *frameWalk) unpad(piece []byte) []byte {
	if w.pad < 0 {
		w.pad = int(piece[0])
		piece = piece[1:]
	}
	return piece[:len(piece)-min(len(piece), max(0, w.pad-w.left))]
}
