package store_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	char := func(edit func(*store.NewCharacter)) error {
		n := store.NewCharacter{UserID: "u", Name: "Hero", Key: "k"}
		edit(&n)
		return n.Validate()
	}
	user := func(username, name, email string) error {
		return (&store.NewUser{Username: username, Name: name, Email: email}).Validate()
	}
	ticket := store.Ticket{UserID: "u"}
	for _, c := range []struct {
		what  string
		err   error
		field string // empty: valid
	}{
		{"character", char(func(*store.NewCharacter) {}), ""},
		{"longest name", char(func(n *store.NewCharacter) { n.Name = strings.Repeat("字", store.MaxNameLength) }), ""},
		{"long name", char(func(n *store.NewCharacter) { n.Name = strings.Repeat("字", store.MaxNameLength+1) }), "name"},
		{"control character", char(func(n *store.NewCharacter) { n.Name = "a\x7f" }), "name"},
		{"broken text", char(func(n *store.NewCharacter) { n.Name = "\xff" }), "name"},
		{"no key", char(func(n *store.NewCharacter) { n.Key = "" }), "idempotency_key"},
		{"no user", char(func(n *store.NewCharacter) { n.UserID = "" }), "user_id"},
		{"debt", char(func(n *store.NewCharacter) { n.State.Money = -1 }), "state.money"},
		{"nowhere", char(func(n *store.NewCharacter) { n.State.Position.Y = float32(math.Inf(-1)) }), "state.position.y"},
		{"save without version", (&store.CharacterSave{Key: "k"}).Validate(), "version"},
		{"save of the past", (&store.CharacterSave{Key: "k", Version: 1, Generation: -1}).Validate(), "generation"},
		{"ticket", ticket.Validate(store.MaxTicketLifetime), ""},
		{"long ticket", ticket.Validate(store.MaxTicketLifetime + 1), "lifetime"},
		{"no life", ticket.Validate(0), "lifetime"},
		{"passage", (&store.HandOver{PlayRef: store.PlayRef{ID: "p"}, Stage: store.StageWorld, Token: 1}).Validate(), ""},
		{"game without character", (&store.HandOver{PlayRef: store.PlayRef{ID: "p"}, Stage: store.StageGame, Token: 1}).Validate(), "character_id"},
		{"user", user("Some_one.1", "Some One", "a@b.example"), ""},
		{"short user name", user("ab", "Some One", "a@b.example"), "username"},
		{"blank in user name", user("some one", "Some One", "a@b.example"), "username"},
		{"no address", user("someone", "Some One", "a.example"), "email"},
		{"no name", user("someone", "", "a@b.example"), "name"},
		{"ban", (&store.Ban{Banned: true, Until: now.Add(1)}).Validate(now), ""},
		{"ban without end", (&store.Ban{Banned: true}).Validate(now), ""},
		{"ban in the past", (&store.Ban{Banned: true, Until: now}).Validate(now), "until"},
		{"batch", store.CheckBatch("saves", store.MaxBatch), ""},
		{"large batch", store.CheckBatch("saves", store.MaxBatch+1), "saves"},
	} {
		switch {
		case c.field == "" && c.err != nil:
			t.Errorf("%s: got %v, want it to be valid", c.what, c.err)
		case c.field != "" && (c.err == nil || errs.KindOf(c.err) != errs.InvalidArgument || errs.Of(c.err).Field != c.field):
			t.Errorf("%s: got %v, want field %q refused", c.what, c.err, c.field)
		}
	}
}
