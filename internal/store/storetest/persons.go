package storetest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

func personTests() []test {
	return []test{
		{"TheNextUserOfAnIDOwnsNothing", personOwnsNothing},
		{"HasFiveSlotsOfHisOwn", personSlots},
		{"IsNotLetInByTheFormersSecrets", personSecrets},
		{"IsNotHeldUpByTheFormersPlay", personPlay},
		{"TheFormerIsNotInPlayAsTheNext", personFormerPlay},
		{"IsNotKnownWhereTheFormerWas", personDevices},
		{"TriesAtTheFormerAreNotAtTheNext", personTries},
		{"RestoredFromABackupIsTheSame", personRestored},
		{"IsComparedInMilliseconds", personMilliseconds},
		{"UntoldRowsAreTheUsersUnlessOlder", personUntold},
	}
}

// bobby adds user 2, made an hour ago.
func bobby(t testing.TB, e Env) (made time.Time) {
	t.Helper()
	made = e.Clock.Now().Add(-time.Hour)
	e.Website.AddPerson(t, "2", "bobby", made)
	e.settle()
	return made
}

// mallory takes bobby's place: the website gives the id out again.
func mallory(t testing.TB, e Env) {
	t.Helper()
	e.Website.DeleteUser(t, "2")
	e.Clock.Advance(time.Second)
	e.Website.AddPerson(t, "2", "mallory", e.Clock.Now())
	e.settle()
}

// wantNoCharacter: a character is nobody's who could be asked about.
func wantNoCharacter(ctx context.Context, t testing.TB, e Env, id store.CharacterID) {
	t.Helper()
	for _, c := range []store.Consistency{store.Cached, store.Fresh} {
		_, err := e.Store.GetCharacter(ctx, id, c)
		wantErr(t, "GetCharacter", err, store.ErrCharacterNotFound)
		list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "2", true, c))
		if len(list) != 0 {
			t.Errorf("the next user of the id has %s", names(list))
		}
	}
	_, err := e.Store.DeleteCharacter(ctx, id, "2")
	wantErr(t, "DeleteCharacter", err, store.ErrCharacterNotFound)
	_, err = e.Store.RestoreCharacter(ctx, id, "2")
	wantErr(t, "RestoreCharacter", err, store.ErrCharacterNotFound)
}

func personOwnsNothing(t *testing.T, e Env) {
	ctx := testContext(t)
	bobby(t, e)
	c := create(ctx, t, e, "2", "Bobbychar")
	wantCharacter(ctx, t, e, c) // and it is cached, where there is a cache
	marked := create(ctx, t, e, "2", "Marked")
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, marked.ID, "2"))
	mallory(t, e)
	wantNoCharacter(ctx, t, e, c.ID)
	wantNoCharacter(ctx, t, e, marked.ID)

	// The name is reserved until the purge, and the sweep finds the owner gone.
	n := newCharacter("2", "Bobbychar")
	n.Key = "another"
	_, err := e.Store.CreateCharacter(ctx, n)
	wantErr(t, "the same name", err, store.ErrNameTaken)
	if done := sweep(ctx, t, e); done.Marked != 1 {
		t.Errorf("%+v; want 1 character marked", done)
	}
	wantNoCharacter(ctx, t, e, c.ID)
	e.Clock.Advance(store.SweepGrace)
	must[int](t)(e.Purger.PurgeCharacters(ctx, 10))
	sweep(ctx, t, e)
	must[*store.Character](t)(e.Store.CreateCharacter(ctx, n))
}

func personSlots(t *testing.T, e Env) {
	ctx := testContext(t)
	bobby(t, e)
	former := map[store.CharacterID]bool{}
	for i := range store.MaxCharacters {
		n := newCharacter("2", "Bobby"+strconv.Itoa(i))
		n.Key = "key-" + strconv.Itoa(i)
		former[must[*store.Character](t)(e.Store.CreateCharacter(ctx, n)).ID] = true
	}
	mallory(t, e)
	for i := range store.MaxCharacters {
		n := newCharacter("2", "Mallory"+strconv.Itoa(i))
		n.Key = "key-" + strconv.Itoa(i) // as bobby's
		c := must[*store.Character](t)(e.Store.CreateCharacter(ctx, n))
		if int(c.Slot) != i || former[c.ID] {
			t.Errorf("character %d is %s in slot %d", i, c.ID, c.Slot)
		}
		again := must[*store.Character](t)(e.Store.CreateCharacter(ctx, n))
		wantEqual(t, "the same key once more", again, c)
	}
	_, err := e.Store.CreateCharacter(ctx, newCharacter("2", "Sixth"))
	wantErr(t, "a sixth", err, store.ErrCharacterLimit)
	if list := must[[]*store.Character](t)(e.Store.ListCharacters(ctx, "2", true, store.Fresh)); len(list) != store.MaxCharacters {
		t.Errorf("the user has %s, want five", names(list))
	}
}

func personSecrets(t *testing.T, e Env) {
	ctx := testContext(t)
	bobby(t, e)
	if err := e.Store.SetGameAccount(ctx, store.GameAccount{UserID: "2", PasswordHash: "hash", LoopbackOnly: true}); err != nil {
		t.Fatal(err)
	}
	must[time.Time](t)(e.Store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf("ticket"), UserID: "2"}, time.Minute))
	stamp := store.StampPasswords("", store.PasswordState("hash"))
	judge := func() error {
		t.Helper()
		return must[[]error](t)(e.Store.CheckSessions(ctx, []store.SessionSubject{{UserID: "2", Stamp: stamp}}))[0]
	}
	if err := judge(); err != nil {
		t.Errorf("the former's play: %v", err)
	}
	mallory(t, e)
	_, err := e.Store.GetGameAccount(ctx, "2")
	wantErr(t, "the game account", err, store.ErrGameAccountNotFound)
	_, err = e.Store.RedeemTicket(ctx, store.DigestOf("ticket"), "")
	wantErr(t, "the ticket", err, store.ErrTicketInvalid)
	wantErr(t, "a play that rests on the former's password", judge(), store.ErrPasswordChanged)
	own := store.GameAccount{UserID: "2", PasswordHash: "own"}
	if err := e.Store.SetGameAccount(ctx, own); err != nil {
		t.Fatal(err)
	}
	sweep(ctx, t, e)
	wantEqual(t, "her own account", must[*store.GameAccount](t)(e.Store.GetGameAccount(ctx, "2")), &own)
}

func personPlay(t *testing.T, e Env) {
	ctx := testContext(t)
	bobby(t, e)
	c := create(ctx, t, e, "2", "Bobbychar")
	p := begin(ctx, t, e, "2")
	_, err := e.Store.BeginPlay(ctx, store.NewPlay{UserID: "2", Digest: secretOf("2"), Address: "192.0.2.1"})
	wantErr(t, "a second sign-in of his", err, store.ErrPlayClosing)
	mallory(t, e)
	own := begin(ctx, t, e, "2") // although his lives
	if own.Closing || own.CharacterID != 0 || own.Generation <= p.Generation {
		t.Errorf("the next user's record is %+v", own)
	}
	if renew(ctx, t, e, p.Ref()) != nil {
		t.Error("the former's record lives on")
	}
	if renew(ctx, t, e, own.Ref()) == nil {
		t.Error("the next user's record is lost")
	}
	// What the world still has to save of the former's is judged by his own.
	sv := store.CharacterSave{ID: c.ID, Version: c.Version, Generation: p.Generation, Key: "save", State: c.State}
	if r := must[[]store.SaveResult](t)(e.Store.SaveCharacters(ctx, []store.CharacterSave{sv})); r[0].Err != nil {
		t.Errorf("a save of the former's: %v", r[0].Err)
	}
	hers := create(ctx, t, e, "2", "Mallorychar")
	sv = store.CharacterSave{ID: hers.ID, Version: hers.Version, Generation: p.Generation, Key: "save", State: hers.State}
	if r := must[[]store.SaveResult](t)(e.Store.SaveCharacters(ctx, []store.CharacterSave{sv})); r[0].Err == nil {
		t.Error("a save of hers under the former's generation was written")
	}
}

// atUser is a try at a user from an address of a network.
func atUser(id, address, network string) store.Attempt {
	return store.Attempt{UserID: id, Account: store.DigestOf("a user's"), Address: address, Network: network}
}

func personDevices(t *testing.T, e Env) {
	ctx := testContext(t)
	made := bobby(t, e)
	home, l := atUser("2", "host", "net"), onAccount()
	wantTry(ctx, t, e, "before", home, l, 0)
	endAttempt(ctx, t, e, home, time.Hour)
	known := store.Admission{Known: true, KnownAddress: true}
	wantEqual(t, "bobby's device", try(ctx, t, e, home, l), known)
	wantTry(ctx, t, e, "at another user", atUser("3", "host", "net"), l, 0)
	mallory(t, e)
	wantTry(ctx, t, e, "under mallory's id", home, l, 0)
	endAttempt(ctx, t, e, home, time.Hour)
	wantEqual(t, "then her own", try(ctx, t, e, home, l), known)
	wantEqual(t, "a neighbour of hers", try(ctx, t, e, atUser("2", "host-2", "net"), l), store.Admission{Known: true})
	e.Website.DeleteUser(t, "2")
	wantTry(ctx, t, e, "under nobody's id", home, l, 0)
	e.Website.AddPerson(t, "2", "bobby", made)
	e.settle()
	wantEqual(t, "bobby's device, from a backup", try(ctx, t, e, home, l), known)
}

func personTries(t *testing.T, e Env) {
	ctx := testContext(t)
	bobby(t, e)
	for name, l := range map[string]store.AttemptLimits{"device": onDevice(), "account": onAccount()} {
		mallory(t, e)
		wantTries(ctx, t, e, name, narrow.Free, atUser("2", name, "net "+name), l)
		wantTry(ctx, t, e, name+", one more", atUser("2", name, "net "+name), l, time.Second)
		mallory(t, e)
		wantTry(ctx, t, e, name+", at the next", atUser("2", name, "net "+name), l, 0)
	}
	// The count of a network does not ask who was meant.
	one, l := atUser("2", "", "one"), onNetwork()
	wantTries(ctx, t, e, "at one", narrow.Free, one, l)
	mallory(t, e) // a second later
	wantTry(ctx, t, e, "at the next", one, l, 0)
	wantTry(ctx, t, e, "from the same network", one, l, 2*time.Second)
}

func personFormerPlay(t *testing.T, e Env) {
	ctx := testContext(t)
	bobby(t, e)
	p := begin(ctx, t, e, "2")
	handOver(ctx, t, e, p, store.StageWorld, 0, 7)
	mallory(t, e)
	_, err := e.Store.AdmitPlay(ctx, 7, secretOf("2"), store.StageWorld)
	wantErr(t, "his way on", err, store.ErrJoinRefused)
	_, err = e.Store.HandOverPlay(ctx, store.HandOver{PlayRef: p.Ref(), Stage: store.StageWorld, Token: 8})
	wantErr(t, "another way on", err, store.ErrPlayNotFound)
	if renew(ctx, t, e, p.Ref()) != nil {
		t.Error("his record is renewed under the next user's id")
	}
}

func personRestored(t *testing.T, e Env) {
	ctx := testContext(t)
	made := bobby(t, e)
	c := create(ctx, t, e, "2", "Bobbychar")
	mallory(t, e)
	wantNoCharacter(ctx, t, e, c.ID)
	e.Website.DeleteUser(t, "2")
	e.Website.AddPerson(t, "2", "bobby", made)
	e.settle()
	wantCharacter(ctx, t, e, c)
}

func personMilliseconds(t *testing.T, e Env) {
	ctx := testContext(t)
	made := e.Clock.Now().Add(-time.Hour)
	e.Website.AddPerson(t, "2", "bobby", made.Add(300*time.Microsecond))
	e.settle()
	c := create(ctx, t, e, "2", "Bobbychar")
	e.Website.DeleteUser(t, "2")
	e.Website.AddPerson(t, "2", "bobby", made.Add(700*time.Microsecond))
	e.settle()
	wantCharacter(ctx, t, e, c)
	e.Website.DeleteUser(t, "2")
	e.Website.AddPerson(t, "2", "mallory", made.Add(time.Millisecond))
	e.settle()
	wantNoCharacter(ctx, t, e, c.ID)
}

// personUntold: a binary from before writes rows that do not say whose they are.
func personUntold(t *testing.T, e Env) {
	ctx := testContext(t)
	bobby(t, e)
	c := create(ctx, t, e, "2", "Bobbychar")
	if err := e.Store.SetGameAccount(ctx, store.GameAccount{UserID: "2", PasswordHash: "hash"}); err != nil {
		t.Fatal(err)
	}
	must[time.Time](t)(e.Store.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf("ticket"), UserID: "2"}, time.Minute))
	p := begin(ctx, t, e, "2")
	e.Website.ForgetPersons(t)
	e.settle()
	wantCharacter(ctx, t, e, c)
	must[*store.GameAccount](t)(e.Store.GetGameAccount(ctx, "2"))
	must[*store.Ticket](t)(e.Store.RedeemTicket(ctx, store.DigestOf("ticket"), ""))
	if renew(ctx, t, e, p.Ref()) == nil {
		t.Error("the record is lost")
	}
	// Absence proves nothing, and does not make them anybody else's.
	e.Website.DeleteUser(t, "2")
	if done := sweep(ctx, t, e); done.Marked != 1 {
		t.Errorf("%+v; want 1 character marked", done)
	}
	e.Clock.Advance(time.Hour)
	e.Website.AddPerson(t, "2", "mallory", e.Clock.Now())
	e.settle()
	wantNoCharacter(ctx, t, e, c.ID)
	sweep(ctx, t, e)
	wantNoCharacter(ctx, t, e, c.ID)
}
