package rpc

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that ours is built on
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// envelope carries a request through grpc's decoding and returns what was wrong
// with it. Without it, grpc answers INTERNAL if the bytes are no message, as if
// it were the server's fault.
type envelope struct {
	message any
	fault   error
}

// Encoded is a reply that is encoded already.
type Encoded interface {
	proto.Message
	// Parts returns the encoded reply in pieces. They are sent without a copy,
	// so they must never be changed.
	Parts() mem.BufferSlice
}

// frame is the bytes of a message. Sender and receiver encode and decode them
// without grpc.
type frame []byte

// codec is grpc's codec for protobuf, extended by envelopes, encoded replies
// and frames.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal encodes a message, unless it is encoded already.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	switch v := v.(type) {
	case Encoded:
		return v.Parts(), nil
	case frame:
		return mem.BufferSlice{mem.Copy(v, mem.DefaultBufferPool())}, nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal decodes into a message, or into the message in an envelope.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if f, ok := v.(*frame); ok {
		*f = data.Materialize()
		return nil
	}
	e, ok := v.(*envelope)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	if err := c.CodecV2.Unmarshal(data, e.message); err != nil {
		e.fault = malformed(e.message, data.Materialize(), err)
	}
	return nil
}

// malformed says what is wrong with bytes that cannot be decoded.
func malformed(message any, data []byte, cause error) error {
	m, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("decode %T: %w", message, cause)
	}
	d := m.ProtoReflect().Descriptor()
	if field := badText(d, data, 0); field != "" {
		return errs.Invalid(field, "must be valid UTF-8")
	}
	return errs.New(errs.InvalidArgument, "MALFORMED_REQUEST", "the bytes of the request are no "+string(d.FullName()))
}

// maxNesting is how deep badText looks.
const maxNesting = 32

// badText returns the path of the first text field that is not UTF-8, in the
// form in which the validator gives paths, and "" when there is none.
func badText(d protoreflect.MessageDescriptor, b []byte, nesting int) string {
	if nesting > maxNesting {
		return ""
	}
	seen := map[protoreflect.FieldNumber]int{}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return ""
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(num, typ, b)
		if size < 0 {
			return ""
		}
		value := b[:size]
		b = b[size:]
		f := d.Fields().ByNumber(num)
		if f == nil || typ != protowire.BytesType {
			continue
		}
		path := string(f.Name())
		if f.IsList() {
			path = fmt.Sprintf("%s[%d]", path, seen[num])
			seen[num]++
		}
		value, _ = protowire.ConsumeBytes(value)
		switch f.Kind() {
		case protoreflect.StringKind:
			if !utf8.Valid(value) {
				return path
			}
		case protoreflect.MessageKind:
			if inner := badText(f.Message(), value, nesting+1); inner != "" {
				return path + "." + inner
			}
		default: // holds no text
		}
	}
	return ""
}
