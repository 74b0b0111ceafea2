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

// Encoded has methods that a store offers in addition to the contract if it
// keeps records in the form in which they are sent: the same reads, with the
// same errors, but with encoded answers. A record with text that is not UTF-8
// cannot be encoded; then the read is an internal error.
type Encoded interface {
	// EncodedUser is GetUser; the answer is a User.
	EncodedUser(ctx context.Context, id string, c store.Consistency) (*Wire, error)
	// EncodedSession is GetSession; the answer is a Session and its User, by Join.
	EncodedSession(ctx context.Context, token string, c store.Consistency) (*Wire, error)
	// EncodedCharacter is GetCharacter; the answer is a Character.
	EncodedCharacter(ctx context.Context, id store.CharacterID, c store.Consistency) (*Wire, error)
}

// Wire is an encoded message in the form for replies: as field 1 of a reply, or
// two messages as fields 1 and 2. Any number of replies can use it without a
// copy. It never changes. The zero Wire is empty.
type Wire struct{ fields text }

// text is a mem.Buffer without an allocation: to convert a mem.SliceBuffer into
// a mem.Buffer allocates memory.
type text struct{ mem.SliceBuffer }

// Encode returns a message's Wire; an error for text that is not UTF-8.
func Encode(m proto.Message) (Wire, error) {
	b, err := proto.Marshal(m)
	if err != nil {
		return Wire{}, err
	}
	return WireOf(b), nil
}

// WireOf returns the Wire of a message that is encoded already. It copies the
// message.
func WireOf(message []byte) Wire {
	b := make([]byte, 0, tagSize+protowire.SizeBytes(len(message)))
	b = protowire.AppendTag(b, 1, protowire.BytesType)
	b = protowire.AppendBytes(b, message)
	return Wire{text{b}}
}

// Join returns the Wire of two messages in the fields 1 and 2 of another, such
// as a session and its user in a GetSessionResponse.
func Join(first, second *Wire) Wire {
	b := make([]byte, 0, first.Size()+second.Size())
	b = append(append(b, first.fields.SliceBuffer...), second.fields.SliceBuffer...)
	b[first.Size()] = 2<<3 | byte(protowire.BytesType)
	return Wire{text{b}}
}

// Bytes returns the encoded message, the first of two, which must not be changed.
func (w *Wire) Bytes() []byte {
	if w.Size() == 0 {
		return nil
	}
	b, _ := protowire.ConsumeBytes(w.fields.SliceBuffer[tagSize:])
	return b
}

// Size returns how many bytes the Wire holds, 0 if it is none.
func (w *Wire) Size() int { return len(w.fields.SliceBuffer) }

// tagSize is that of the tag of a field whose number is below 16.
const tagSize = 1

// Reply is a reply that is encoded already. The codec of our servers sends its
// Parts as they are. For other code it is a message of the reply's type with
// the parts as unknown fields, which protobuf can write without decoding them.
type Reply struct {
	parts [1]mem.Buffer
	kind  proto.Message // nil, of the reply's type
}

// UserReply is a GetUserResponse.
func UserReply(user *Wire) *Reply { return newReply((*databasev1.GetUserResponse)(nil), &user.fields) }

// SessionReply is a GetSessionResponse out of a session and its user, joined.
func SessionReply(joined *Wire) *Reply {
	return newReply((*databasev1.GetSessionResponse)(nil), &joined.fields)
}

// CharacterReply is a GetCharacterResponse.
func CharacterReply(character *Wire) *Reply {
	return newReply((*databasev1.GetCharacterResponse)(nil), &character.fields)
}

func newReply(kind proto.Message, encoded mem.Buffer) *Reply {
	return &Reply{parts: [1]mem.Buffer{encoded}, kind: kind}
}

// ForwardedReply is a reply of type kind (a nil message) from the encoded bytes
// of another reply with the same fields. The bytes are not copied and must
// never be changed.
func ForwardedReply(kind proto.Message, encoded []byte) *Reply {
	return newReply(kind, mem.SliceBuffer(encoded))
}

// Parts returns the encoded reply in pieces that must not be changed.
func (r *Reply) Parts() mem.BufferSlice { return r.parts[:] }

// ProtoReflect implements proto.Message. The content of the message is not
// decoded: the message can only be encoded.
func (r *Reply) ProtoReflect() protoreflect.Message {
	m := r.kind.ProtoReflect().New()
	m.SetUnknown(r.Parts().Materialize())
	return m
}
