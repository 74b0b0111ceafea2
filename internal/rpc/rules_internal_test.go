package rpc

import (
	"fmt"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
)

// What the quick rules let pass, the validator lets pass: for every message of
// ours that has such rules, with texts at the edges of what is allowed.
func TestQuickRulesLetNothingPassThatTheValidatorRefuses(t *testing.T) {
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	messages := 0
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		d := mt.Descriptor()
		q, ok := newQuickRules(d)
		if !ok || len(q) == 0 || d.ParentFile().Package().Parent().Parent() != "waystone" {
			return true
		}
		messages++
		t.Run(string(d.Name()), func(t *testing.T) {
			passed := 0
			try := func(t *rapid.T) {
				m := mt.New()
				for i := range d.Fields().Len() {
					if f := d.Fields().Get(i); f.Kind() == protoreflect.StringKind {
						m.Set(f, protoreflect.ValueOfString(edgeText.Draw(t, string(f.Name()))))
					} else if f.Kind() == protoreflect.EnumKind {
						m.Set(f, protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32Range(-1, 4).Draw(t, string(f.Name())))))
					}
				}
				if !q.pass(m) {
					return
				}
				passed++
				if err := v.Validate(m.Interface()); err != nil {
					t.Fatalf("let %v pass: %v", m.Interface(), err)
				}
			}
			// Of some messages three in a hundred are good: a hundred would now and
			// then have none.
			rapid.Check(t, func(t *rapid.T) {
				for range 20 {
					try(t)
				}
			})
			if passed == 0 {
				t.Error("nothing passed")
			}
		})
		return true
	})
	if messages < 5 {
		t.Errorf("only %d messages have quick rules", messages)
	}
}

// edgeText is printable, or has a character that is no ASCII, no printable, or
// no character, and is as long as limits are.
var edgeText = rapid.Custom(func(t *rapid.T) string {
	one := rapid.SampledFrom([]string{"1", "7", "0", "a", "Z", "-", "~", " "}).Draw(t, "character")
	n := rapid.SampledFrom([]int{0, 1, 2, 5, 10, 11, 64, 127, 128, 129, 512, 513}).Draw(t, "length")
	text := ""
	for range n {
		text += one
	}
	if rapid.IntRange(0, 3).Draw(t, "odd") == 0 {
		text += rapid.SampledFrom([]string{"\x00", "\x1f", "\x7f", "ü", "\u0080", "🐉", "\n"}).Draw(t, "odd one")
	}
	return text
})

func TestTheRequestsMadeMostHaveQuickRules(t *testing.T) {
	t.Parallel()
	for _, m := range []proto.Message{
		&databasev1.GetUserRequest{UserId: "Gwp9WNys4GldOpYGzgyjMIaJ1hMO5MPD"},
		&databasev1.GetSessionRequest{Token: "Bearer abc.d%2Be=", Consistency: databasev1.Consistency_CONSISTENCY_FRESH},
		&databasev1.GetCharacterRequest{CharacterId: "4294967295"},
	} {
		q, ok := newQuickRules(m.ProtoReflect().Descriptor())
		if !ok || !q.pass(m.ProtoReflect()) {
			t.Errorf("%v does not pass", m)
		}
		if q.pass(m.ProtoReflect().New()) {
			t.Errorf("an empty %T passes", m)
		}
	}
}

func TestRulesThatAreNotSimpleAreTheValidators(t *testing.T) {
	t.Parallel()
	for _, m := range []proto.Message{&databasev1.CreateCharacterRequest{}, &databasev1.CheckSessionsRequest{}, &databasev1.SaveCharactersRequest{}} {
		if _, ok := newQuickRules(dynamicpb.NewMessage(m.ProtoReflect().Descriptor()).Descriptor()); ok {
			t.Errorf("%T has quick rules", m)
		}
	}
	for _, pattern := range []string{"a*", "^a*", "a*$", "^(ab)*$", "^(a|bc)+$", "^[a-z]*[0-9]*$", "^[a-z]+[0-9]$", "^$", "^a$", "("} {
		if (&quickText{}).setPattern(pattern) {
			t.Errorf("%q is taken for a simple pattern", pattern)
		}
	}
	for pattern, want := range map[string]string{"^[a-c]*$": "{0 -1}", "^[a-c]+$": "{1 -1}", "^[1-9][0-9]{0,9}$": "{0 9}", "^[0-9]{3,}$": "{3 -1}"} {
		q := &quickText{}
		if ok := q.setPattern(pattern); !ok || fmt.Sprint(struct{ a, b int }{q.restMin, q.restMax}) != want {
			t.Errorf("%q: %v, %+v", pattern, ok, q)
		}
	}
}
