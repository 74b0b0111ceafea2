package packet_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/store"
)

// refusal is what the client is told when a call about characters fails for a
// reason: the result of a creation. A mark that cannot be changed and a
// character that cannot be selected are always the same.
type refusal struct {
	kind   errs.Kind
	create uint8
}

// refusals has every reason that a call about characters can fail for;
// TestEveryReasonHasARefusal holds it to that.
var refusals = map[string]refusal{
	"NAME_TAKEN":          {errs.AlreadyExists, packets.CreateNameExists},
	"CHARACTER_LIMIT":     {errs.FailedPrecondition, packets.CreateNoMoreSlots},
	"INVALID_NAME":        {errs.InvalidArgument, packets.CreateInvalidValue},
	"INVALID_APPEARANCE":  {errs.InvalidArgument, packets.CreateInvalidValue},
	"INVALID_START_POINT": {errs.InvalidArgument, packets.CreateInvalidValue},

	"CHARACTER_NOT_FOUND": {errs.NotFound, packets.CreateFailed},
	"ALREADY_DELETED":     {errs.FailedPrecondition, packets.CreateFailed},
	"NOT_DELETED":         {errs.FailedPrecondition, packets.CreateFailed},
	"CHARACTER_IN_PLAY":   {errs.FailedPrecondition, packets.CreateFailed},

	"INVALID_USER_ID":         {errs.InvalidArgument, packets.CreateFailed},
	"INVALID_IDEMPOTENCY_KEY": {errs.InvalidArgument, packets.CreateFailed},
	"INVALID_CHARACTER_ID":    {errs.InvalidArgument, packets.CreateFailed},
	"MALFORMED_REQUEST":       {errs.InvalidArgument, packets.CreateFailed},
	"METHOD_NOT_LISTED":       {errs.Unauthenticated, packets.CreateFailed},
	"TOKENS_NEEDED":           {errs.Unauthenticated, packets.CreateFailed},
	"CALLER_UNKNOWN":          {errs.Unauthenticated, packets.CreateFailed},
	"STORE_UNAVAILABLE":       {errs.Unavailable, packets.CreateFailed},
	"PART_UNAVAILABLE":        {errs.Unavailable, packets.CreateFailed},
	"STOPPING":                {errs.Unavailable, packets.CreateFailed},
	"DEADLINE_EXCEEDED":       {errs.DeadlineExceeded, packets.CreateFailed},
	"CANCELED":                {errs.Canceled, packets.CreateFailed},
	"PANIC":                   {errs.Internal, packets.CreateFailed},
	"INTERNAL":                {errs.Internal, packets.CreateFailed},
}

// TestEveryReasonHasARefusal gathers the reasons from where they are made: the
// proto, the fields of the requests, the edge of every call and the store.
func TestEveryReasonHasARefusal(t *testing.T) {
	found := map[string]string{}
	gather := func(pattern, expr string, least int) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join("..", "..", "..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(expr).FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = name
				n++
			}
		}
		if n < least {
			t.Errorf("%s: only %d reasons found", pattern, n)
		}
	}
	const upper = `([A-Z]+(?:_[A-Z]+)+)`
	gather("proto/waystone/character/v1/character.proto", `[(, ]`+upper+`[,)]`, 8)
	gather("internal/service/character/*.go", `"`+upper+`"`, 1)
	gather("internal/rpc/*.go", `(?:errs\.New\([\w.]+, |Reason[^"\n]*= )"([A-Z]+(?:_[A-Z]+)*)"`, 7)
	gather("internal/errs/errs.go", `Reason: "([A-Z]+(?:_[A-Z]+)*)"`, 3)
	requests := characterv1.File_waystone_character_v1_character_proto.Messages()
	for i := range requests.Len() {
		if m := requests.Get(i); strings.HasSuffix(string(m.Name()), "Request") {
			for j := range m.Fields().Len() {
				field := string(m.Fields().Get(j).Name())
				found[errs.Invalid(field, "").Reason] = string(m.FullName()) + "." + field
			}
		}
	}
	// Of the store: what the contract says of characters.
	for _, e := range []*errs.Error{
		store.ErrCharacterNotFound, store.ErrNameTaken, store.ErrCharacterLimit, store.ErrAlreadyDeleted, store.ErrNotDeleted,
		store.ErrCharacterInPlay, store.ErrUnavailable,
	} {
		found[e.Reason] = "internal/store"
	}
	for reason, where := range found {
		if _, ok := refusals[reason]; !ok {
			t.Errorf("%s of %s has no row", reason, where)
		}
	}
	for reason := range refusals {
		if _, ok := found[reason]; !ok {
			t.Errorf("%s has a row and nobody gives it as a reason", reason)
		}
	}
}

func TestEveryRefusalReachesTheClient(t *testing.T) {
	g := start(t, nil)
	g.characters.list = []*databasev1.Character{character("Aria")}
	for _, reason := range slices.Sorted(maps.Keys(refusals)) {
		want := refusals[reason]
		g.characters.refuse(nil)
		c := g.choose()
		c.send(&packets.CharacterListRequest{})
		expect[*packets.CharacterListReply](c)
		g.characters.refuse(errs.New(want.kind, reason, "no"))
		c.send(&packets.CreateCharacterRequest{Name: "Borin", Face: 1})
		if r := expect[*packets.CreateCharacterReply](c); r.Result != want.create || r.Platinum {
			t.Errorf("%s: a creation is answered with %+v, want %d", reason, r, want.create)
		}
		for _, mark := range []bool{true, false} {
			c.send(&packets.DeleteCharacterRequest{Delete: mark, Name: "Aria"})
			if r := expect[*packets.DeleteCharacterReply](c); r.Seconds != packets.DeleteFailed || r.Name != "Aria" {
				t.Errorf("%s: delete=%t is answered with %+v", reason, mark, r)
			}
		}
		c.send(&packets.SelectCharacterRequest{Name: "Aria"})
		c.sentBack("Aria")
		g.characters.refuse(nil)
		c.send(&packets.SelectCharacterRequest{Name: "Aria"}) // the connection goes on
		expect[*packets.MoveServer](c)
	}
}

// sentBack expects the refusal of a selection: the client is sent back to the
// choice, with the characters as they are now.
func (c *client) sentBack(names ...string) {
	c.t.Helper()
	expect[*packets.ReturnToSelect](c)
	var got []string
	for _, l := range expect[*packets.CharacterListReply](c).Characters {
		got = append(got, l.Name)
	}
	if !slices.Equal(got, names) {
		c.t.Errorf("the new list has %q, want %q", got, names)
	}
}

// TestAMarkedCharacterIsNotPlayedAndNobodyIsPutOut: whoever selects it may take
// the mark away, or select another.
func TestAMarkedCharacterIsNotPlayedAndNobodyIsPutOut(t *testing.T) {
	g := start(t, nil)
	g.characters.list = []*databasev1.Character{character("Aria"), character("Borin")}
	c := g.choose()
	c.send(&packets.CharacterListRequest{})
	expect[*packets.CharacterListReply](c)
	c.send(&packets.DeleteCharacterRequest{Delete: true, Name: "Aria"})
	expect[*packets.DeleteCharacterReply](c)
	g.characters.refuse(store.ErrAlreadyDeleted)
	c.send(&packets.SelectCharacterRequest{Name: "Aria"})
	expect[*packets.ReturnToSelect](c)
	if l := expect[*packets.CharacterListReply](c); l.Characters[0].DeleteSeconds == 0 {
		t.Errorf("the new list is %+v", l)
	}
	g.characters.refuse(nil)
	c.send(&packets.DeleteCharacterRequest{Name: "Aria"})
	if r := expect[*packets.DeleteCharacterReply](c); r.Seconds != packets.DeleteUndone {
		t.Errorf("then the mark stays: %+v", r)
	}
	c.send(&packets.SelectCharacterRequest{Slot: 1, Name: "Borin"})
	expect[*packets.MoveServer](c)
	// A second click comes late, and the hand-over goes on.
	c.send(&packets.SelectCharacterRequest{Slot: 1, Name: "Borin"})
	c.send(&packets.CharacterListRequest{})
	expect[*packets.CharacterListReply](c)
}

// TestASelectionOfAnOldList: what the client was told is no longer so, or it was
// told nothing.
func TestASelectionOfAnOldList(t *testing.T) {
	g := start(t, nil)
	g.characters.list = []*databasev1.Character{character("Aria"), character("Borin")}
	c := g.choose()
	c.send(&packets.SelectCharacterRequest{Name: "Aria"}) // before any list
	c.sentBack("Aria", "Borin")
	for _, p := range []*packets.SelectCharacterRequest{{Slot: 1, Name: "Aria"}, {Slot: 2, Name: "Aria"}, {Slot: 255, Name: "Borin"}, {}} {
		c.send(p)
		c.sentBack("Aria", "Borin")
	}
	g.characters.mu.Lock()
	g.characters.list = g.characters.list[1:] // Aria is deleted meanwhile
	g.characters.mu.Unlock()
	g.characters.refuse(store.ErrCharacterNotFound)
	c.send(&packets.SelectCharacterRequest{Name: "Aria"})
	c.sentBack("Borin")
	g.characters.refuse(nil)
	c.send(&packets.SelectCharacterRequest{Name: "Borin"})
	expect[*packets.MoveServer](c)
}

// TestANameInAnotherCodePage: what is no UTF-8 is an invalid value to the
// player who typed it, and the connection goes on.
func TestANameInAnotherCodePage(t *testing.T) {
	g := start(t, nil)
	c := g.choose()
	for _, name := range []string{"\xc0\xf0\xe8\xff", "\xb0\xa1\xb3\xaa\xb4\xd9", "Ar\xefa"} {
		plain, err := packets.Append(nil, &packets.CreateCharacterRequest{Name: strings.Repeat("x", len(name)), Face: 1})
		if err != nil {
			t.Fatal(err)
		}
		c.write(c.sealPlain([]byte(strings.Replace(string(plain), strings.Repeat("x", len(name)), name, 1))))
		if r := expect[*packets.CreateCharacterReply](c); r.Result != packets.CreateInvalidValue {
			t.Errorf("%q: %+v", name, r)
		}
	}
	c.write(c.sealPlain([]byte{10, 0, 0x14, 7, 0, 0, 0, 1, 0xef, 0}))
	if r := expect[*packets.DeleteCharacterReply](c); r.Seconds != packets.DeleteFailed {
		t.Errorf("a mark for such a name: %+v", r)
	}
	c.write(c.sealPlain([]byte{11, 0, 0x15, 7, 0, 0, 0, 0, 0, 0xef, 0}))
	expect[*packets.ReturnToSelect](c)
	c.send(&packets.CreateCharacterRequest{Name: "Aria", Face: 1})
	if r := expect[*packets.CreateCharacterReply](c); r.Result != packets.CreateOK {
		t.Errorf("then %+v", r)
	}
	g.characters.mu.Lock()
	defer g.characters.mu.Unlock()
	if len(g.characters.list) != 1 {
		t.Errorf("%d characters were made", len(g.characters.list))
	}
}

// TestAListThatCannotBeReadNow comes late, and nobody is put out for it.
func TestAListThatCannotBeReadNow(t *testing.T) {
	t.Parallel()
	g := start(t, nil)
	g.characters.mu.Lock()
	g.characters.list, g.characters.hidden = []*databasev1.Character{character("Aria")}, 2
	g.characters.mu.Unlock()
	w := g.choose()
	w.send(&packets.CharacterListRequest{})
	if l := expect[*packets.CharacterListReply](w); len(l.Characters) != 1 {
		t.Errorf("got %+v", l)
	}
}
