package character_test

import (
	"regexp"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// The fuzz targets send what no client of ours would, through a real server
// with the real edge before it, to a real store. Whatever comes, a call is
// answered or refused as the caller's affair.

// raw is a codec that sends bytes as they are: the generated client would not
// let text out that is no UTF-8.
type raw struct{}

func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil //nolint:forcetypeassert // always bytes
}

func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize() //nolint:forcetypeassert // always bytes
	return nil
}

func (raw) Name() string { return "proto" }

// target is a server to send bytes to.
type target struct{ *grpc.ClientConn }

func newTarget(f *testing.F) target {
	f.Helper()
	db, err := sqlite.Open(f.Context(), sqlite.Config{Path: sqlite.Memory})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	return target{serve(f, db)}
}

// call sends a request and returns what came back, nil for a refusal. A refusal
// must be the caller's affair, and name the field when it is that of a field.
func (c target) call(t *testing.T, method string, request []byte) []byte {
	t.Helper()
	var reply []byte
	err := c.Invoke(t.Context(), "/waystone.character.v1.CharacterService/"+method, request, &reply, grpc.ForceCodecV2(raw{}))
	if err == nil {
		return reply
	}
	e := errs.Of(err)
	switch e.Kind {
	case errs.InvalidArgument:
		if e.Field == "" && e.Reason != "MALFORMED_REQUEST" {
			t.Errorf("%s: no field is named: %v", method, err)
		}
	case errs.NotFound, errs.AlreadyExists, errs.FailedPrecondition:
	default:
		t.Errorf("%s was refused with %s %s: %v", method, e.Kind, e.Reason, err)
	}
	if e.Reason == "" || e.Msg == "" {
		t.Errorf("%s: a refusal without reason or sentence: %v", method, err)
	}
	return nil
}

// fields are the bytes of a request, in the order of the numbers from 1 on:
// strings, numbers and messages.
func fields(values ...any) (b []byte) {
	for i, v := range values {
		n := protowire.Number(i + 1) //nolint:gosec // a handful
		switch v := v.(type) {
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), v)
		case []byte:
			b = protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
		case uint32:
			b = protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), uint64(v))
		}
	}
	return b
}

// users are seeds for the field that every request has.
func users() []string {
	return []string{"ada1", "", "\x00", "\xff\xfe", "字", "user with spaces", "'; DROP TABLE x; --", string(make([]byte, 129))}
}

func FuzzCreateCharacter(f *testing.F) {
	const key = "0123456789abcdef"
	f.Add("ada1", "Aria", key, uint32(1), uint32(0), uint32(0), uint32(1), uint32(0))
	f.Add("ada1", "CharacterWithLongNam", key, uint32(0), uint32(255), uint32(30), uint32(15), uint32(65535))
	f.Add("ada1", "Gm\x00\xff", key, uint32(1<<31), uint32(256), uint32(257), uint32(1<<32-1), uint32(2))
	for _, name := range []string{
		"", "Adm1n", "Gggm", "1Aria", "Ari", "Аria", "Aria Bell", "Ａｒｉａ", "Rnilvv", "Vvvww", "I1l0OS5B8Z2", "aaaaaaaaaaaaaaaaaaaaa", "\x00", "\xc3",
	} {
		f.Add("ada1", name, key, uint32(0), uint32(0), uint32(0), uint32(1), uint32(0))
	}
	for _, user := range users() {
		f.Add(user, "Aria", user, uint32(0), uint32(11), uint32(20), uint32(43), uint32(4))
	}
	name := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{3,19}$`)
	c := newTarget(f)
	f.Fuzz(func(t *testing.T, user, n, key string, gender, stone, hair, face, start uint32) {
		reply := c.call(t, "CreateCharacter", fields(user, n, fields(gender, stone, hair, face), start, key))
		if reply == nil {
			return
		}
		var made characterv1.CreateCharacterResponse
		if err := proto.Unmarshal(reply, &made); err != nil {
			t.Fatal(err)
		}
		got := made.GetCharacter()
		look := got.GetAppearance()
		if !name.MatchString(got.GetName()) || look.GetGender() > 1 || look.GetBirthStone() > 11 || look.GetHair()%5 > 0 ||
			look.GetHair() > 20 || look.GetFace()%7 != 1 || look.GetFace() > 43 || got.GetSlot() > 4 || got.GetState().GetLevel() != 1 {
			t.Fatalf("made %v", got)
		}
		if got.GetUserId() != user {
			t.Fatalf("asked for a character of %q, made one of %q", user, got.GetUserId())
		}
	})
}

func FuzzListCharacters(f *testing.F) {
	for _, user := range users() {
		f.Add(user)
	}
	c := newTarget(f)
	f.Fuzz(func(t *testing.T, user string) { c.call(t, "ListCharacters", fields(user)) })
}

// FuzzOneCharacter is for the three calls that name a character.
func FuzzOneCharacter(f *testing.F) {
	for _, id := range []string{"1", "0", "", "-1", "+1", "01", "1 ", "4294967295", "4294967296", "99999999999", "１", "\xff", "1\x00", "1e3", "0x1"} {
		f.Add("ada1", id)
	}
	for _, user := range users() {
		f.Add(user, "1")
	}
	c := newTarget(f)
	if _, err := characterv1.NewCharacterServiceClient(c).CreateCharacter(f.Context(), request("Aria")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, user, id string) {
		for _, method := range []string{"SelectCharacter", "DeleteCharacter", "SelectCharacter", "RestoreCharacter"} {
			reply := c.call(t, method, fields(user, id))
			if reply != nil && (user != "ada1" || id != "1") {
				t.Errorf("%s of %q for %q was answered", method, id, user)
			}
		}
	})
}

// FuzzRequestBytes sends bytes that may be no request at all.
func FuzzRequestBytes(f *testing.F) {
	methods := []string{"ListCharacters", "CreateCharacter", "DeleteCharacter", "RestoreCharacter", "SelectCharacter"}
	for i := range methods {
		n := uint8(i) //nolint:gosec // five
		f.Add(n, []byte{})
		f.Add(n, []byte{0xff})
		f.Add(n, fields("ada1", "1"))
		f.Add(n, fields("ada1", "Aria", fields(uint32(0), uint32(0), uint32(0), uint32(1)), uint32(0), "k"))
		f.Add(n, fields("ada1", fields("\xff")))
	}
	c := newTarget(f)
	f.Fuzz(func(t *testing.T, n uint8, request []byte) { c.call(t, methods[int(n)%len(methods)], request) })
}
