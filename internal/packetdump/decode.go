package packetdump

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// line is one line of the output.
type line struct {
	Stage   string          `json:"stage"`
	From    string          `json:"from"`
	Command string          `json:"command"`
	Name    string          `json:"name"`
	Size    int             `json:"size"`
	Fields  json.RawMessage `json:"fields"`
}

// decode prints every packet of the input.
func decode(ctx context.Context, o options, stdin io.Reader, out io.Writer) error {
	data, err := load(o.inputs, stdin)
	if err != nil {
		return err
	}
	next, err := o.packets(data)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		plain, at, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("packet at offset %d: %w", at, err)
		}
		l, err := o.describe(plain)
		if err != nil {
			return fmt.Errorf("packet at offset %d: %w", at, err)
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
}

// source returns the next plain packet and the offset at which it begins in
// the input; io.EOF alone at the end.
type source func() (plain []byte, at int, err error)

func (o options) packets(data []byte) (source, error) {
	if o.plain {
		return plainPackets(data), nil
	}
	tables := wire.DefaultTables()
	if o.seed != 0 {
		var err error
		if tables, err = wire.SeededTables(o.seed); err != nil {
			return nil, err
		}
	}
	src := bytes.NewReader(data)
	r := wire.NewReader(src, tables, o.from.Direction(), wire.Limits{}, nil)
	return func() ([]byte, int, error) {
		at := len(data) - src.Len()
		plain, err := r.ReadPacket()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the input ends inside the packet, or it was sealed otherwise: check --from, --seed and --plain")
		}
		return plain, at, err
	}, nil
}

// plainPackets cuts data by the sizes in the headers.
func plainPackets(data []byte) source {
	at := 0
	return func() ([]byte, int, error) {
		rest, from := data[at:], at
		switch {
		case len(rest) == 0:
			return nil, from, io.EOF
		case len(rest) < wire.HeaderSize:
			return nil, from, fmt.Errorf("%w: %d bytes are left, a header has %d", wire.ErrSize, len(rest), wire.HeaderSize)
		}
		size := int(binary.LittleEndian.Uint16(rest))
		if size < wire.HeaderSize || size > len(rest) {
			return nil, from, fmt.Errorf("%w: its header says %d bytes, %d are left (is it enciphered?)", wire.ErrSize, size, len(rest))
		}
		at += size
		return rest[:size], from, nil
	}
}

// describe makes the line of one packet.
func (o options) describe(plain []byte) (line, error) {
	l := line{Stage: o.stage.String(), From: o.from.String(), Size: len(plain)}
	p, err := packets.Decode(o.stage, o.from, plain)
	if err != nil && !errors.Is(err, packets.ErrUnknown) {
		return l, err
	}
	command := binary.LittleEndian.Uint16(plain[2:])
	l.Command = fmt.Sprintf("0x%x", command)
	l.Name = packets.Name(o.stage, o.from, command)
	if p == nil {
		l.Fields, err = json.Marshal(map[string]string{"payload": hex.EncodeToString(plain[wire.HeaderSize:])})
	} else {
		l.Fields, err = fieldsOf(p)
	}
	return l, err
}
