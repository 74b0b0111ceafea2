package storepb_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// A reply of encoded messages is, byte for byte, the reply of those messages;
// by our codec, which sends its parts, and by any other.
func TestAReplyOfEncodedMessagesIsThatOfTheMessages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u, s, c := user.Draw(t, "user"), session.Draw(t, "session"), character.Draw(t, "character")
		um, sm, cm := storepb.UserPB(u), storepb.SessionPB(s), storepb.CharacterPB(c)
		uw, sw, cw := encode(t, um), encode(t, sm), encode(t, cm)
		joined := storepb.Join(sw, uw)
		for _, pair := range []struct {
			reply *storepb.Reply
			want  proto.Message
		}{
			{storepb.UserReply(uw), &databasev1.GetUserResponse{User: um}},
			{storepb.SessionReply(&joined), &databasev1.GetSessionResponse{Session: sm, User: um}},
			{storepb.CharacterReply(cw), &databasev1.GetCharacterResponse{Character: cm}},
		} {
			want := marshal(t, pair.want)
			if got := pair.reply.Parts().Materialize(); !bytes.Equal(got, want) {
				t.Fatalf("the parts are\n%x\nand the message is\n%x", got, want)
			}
			if got := marshal(t, pair.reply); !bytes.Equal(got, want) {
				t.Fatalf("as a message it is\n%x\nand not\n%x", got, want)
			}
			if got, want := pair.reply.ProtoReflect().Descriptor(), pair.want.ProtoReflect().Descriptor(); got != want {
				t.Fatalf("it is a %s and not a %s", got.FullName(), want.FullName())
			}
		}
	})
}

func TestTextThatIsNotUTF8CannotBeEncoded(t *testing.T) {
	t.Parallel()
	if _, err := storepb.Encode(&databasev1.User{Id: "u", Name: "\xff"}); err == nil {
		t.Error("it can")
	}
}

func encode(t *rapid.T, m proto.Message) *storepb.Wire {
	w, err := storepb.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := marshal(t, m); !bytes.Equal(w.Bytes(), want) {
		t.Fatalf("encoded as\n%x\nand not\n%x", w.Bytes(), want)
	}
	return &w
}

func marshal(t *rapid.T, m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
