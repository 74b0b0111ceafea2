package storepb

import (
	"context"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Encoded is what a store offers beside the contract if it keeps records in
// the form in which they are sent: the same reads, with the same errors, whose
// answers are encoded messages. A record with text that is not UTF-8 has no
// such form, and the read is refused as internal.
type Encoded interface {
	// EncodedUser is GetUser; the answer is a User.
	EncodedUser(ctx context.Context, id string, c store.Consistency) (*Wire, error)
	// EncodedSession is GetSession; the answers are a Session and its User.
	EncodedSession(ctx context.Context, token string, c store.Consistency) (session, user *Wire, err error)
	// EncodedCharacter is GetCharacter; the answer is a Character.
	EncodedCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*Wire, error)
}

// Wire is an encoded message that goes into any number of replies without being
// copied. It never changes.
type Wire struct {
	message []byte
	first   mem.BufferSlice // the message as field 1 of a reply
	rest    mem.Buffer      // that without its tag
}

// Encode returns a message's Wire; an error for text that is not UTF-8.
func Encode(m proto.Message) (*Wire, error) {
	b, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	return WireOf(b), nil
}

// WireOf returns the Wire of a message that is encoded already, of which it
// makes a copy.
func WireOf(message []byte) *Wire {
	b := make([]byte, 0, tagSize+protowire.SizeBytes(len(message)))
	b = protowire.AppendTag(b, 1, protowire.BytesType)
	b = protowire.AppendBytes(b, message)
	return &Wire{
		message: b[len(b)-len(message):],
		first:   mem.BufferSlice{mem.SliceBuffer(b)},
		rest:    mem.SliceBuffer(b[tagSize:]),
	}
}

// Bytes returns the encoded message, which must not be changed.
func (w *Wire) Bytes() []byte { return w.message }

// Size returns how many bytes the Wire holds.
func (w *Wire) Size() int { return w.first.Len() }

// tagSize is that of the tag of a field whose number is below 16.
const tagSize = 1

// secondTag is the tag of a message in field 2.
var secondTag mem.Buffer = mem.SliceBuffer{2<<3 | byte(protowire.BytesType)} //nolint:gochecknoglobals // a constant

// Reply is a reply made of encoded messages. The codec of our servers sends its
// Parts as they are. For everybody else it is a message of the reply's type, in
// which they stand as fields that protobuf need not know to write them.
type Reply struct {
	parts mem.BufferSlice
	kind  proto.Message // nil, of the reply's type
	room  [3]mem.Buffer // for parts, so that they need no allocation of their own
}

// UserReply is a GetUserResponse.
func UserReply(user *Wire) *Reply {
	return &Reply{parts: user.first, kind: (*databasev1.GetUserResponse)(nil)}
}

// SessionReply is a GetSessionResponse.
func SessionReply(session, user *Wire) *Reply {
	r := &Reply{kind: (*databasev1.GetSessionResponse)(nil), room: [3]mem.Buffer{session.first[0], secondTag, user.rest}}
	r.parts = r.room[:]
	return r
}

// CharacterReply is a GetCharacterResponse.
func CharacterReply(character *Wire) *Reply {
	return &Reply{parts: character.first, kind: (*databasev1.GetCharacterResponse)(nil)}
}

// ForwardedReply is a reply of a kind, a nil message, out of another's that has
// the same fields, encoded, which is neither copied nor ever to be changed.
func ForwardedReply(kind proto.Message, encoded []byte) *Reply {
	return &Reply{parts: mem.BufferSlice{mem.SliceBuffer(encoded)}, kind: kind}
}

// Parts returns the encoded reply in pieces that must not be changed.
func (r *Reply) Parts() mem.BufferSlice { return r.parts }

// ProtoReflect implements proto.Message. What the message holds is not decoded:
// it can be encoded, and no more.
func (r *Reply) ProtoReflect() protoreflect.Message {
	m := r.kind.ProtoReflect().New()
	m.SetUnknown(r.parts.Materialize())
	return m
}
