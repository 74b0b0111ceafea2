package cached_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// wantEncoded checks that the encoded answers are, byte for byte, those that the
// other reads lead to.
func wantEncoded(ctx context.Context, t *testing.T, b bench, c store.Consistency) {
	t.Helper()
	same := func(what string, got []byte, want proto.Message) {
		t.Helper()
		if b := must[[]byte](t)(proto.Marshal(want)); !bytes.Equal(got, b) {
			t.Errorf("%s is encoded as\n%x\nand the answer as\n%x", what, got, b)
		}
	}
	same("the user", must[*storepb.Wire](t)(b.EncodedUser(ctx, "u1", c)).Bytes(), storepb.UserPB(must[*store.User](t)(b.GetUser(ctx, "u1", c))))
	same("the character", must[*storepb.Wire](t)(b.EncodedCharacter(ctx, 1, c)).Bytes(),
		storepb.CharacterPB(must[*store.Character](t)(b.GetCharacter(ctx, 1, c))))
	joined := must[*storepb.Wire](t)(b.EncodedSession(ctx, "token-1", c))
	s, u, err := b.GetSession(ctx, "token-1", c)
	wantErr(t, err, nil)
	same("the session and its user", storepb.SessionReply(joined).Parts().Materialize(), &databasev1.GetSessionResponse{Session: storepb.SessionPB(s), User: storepb.UserPB(u)})
}

func TestEncodedAnswersAreTheAnswers(t *testing.T) {
	t.Parallel()
	for level, change := range map[string]func(*cached.Config){
		"both": func(*cached.Config) {}, "near": nearOnly, "shared": sharedOnly, "none": func(c *cached.Config) { c.TTL = 0 },
	} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t, change), testContext(t)
			fills := 4
			if level == "near" || level == "none" {
				fills = 0
			}
			b.settle(t, fills, func() { wantEncoded(ctx, t, b, store.Cached) })
			wantEncoded(ctx, t, b, store.Cached)
			wantEncoded(ctx, t, b, store.Fresh)

			// A write of ours, and changes of the website's that the feed tells.
			must[[]store.SaveResult](t)(b.SaveCharacters(ctx, []store.CharacterSave{{ID: 1, State: store.CharacterState{Level: 9}}}))
			b.tell(store.TableCharacter, store.OpUpdate, b.rows.snapshot().Xmax-1, "1", "u1")
			b.tell(store.TableUser, store.OpUpdate, b.rows.edit(func(r *rows) {
				u := r.users["u1"]
				u.Name = "Ada II"
				r.users["u1"] = u
			}), "u1", "")
			b.tell(store.TableSession, store.OpUpdate, b.rows.edit(func(r *rows) {
				s := r.sessions["token-1"]
				s.UserAgent = "another"
				r.sessions["token-1"] = s
			}), "s1", "u1")
			b.confirm()
			for range 2 {
				wantEncoded(ctx, t, b, store.Cached)
			}
			if u := must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached)); u.Name != "Ada II" {
				t.Errorf("the user is %q", u.Name)
			}
			s, _, err := b.GetSession(ctx, "token-1", store.Cached)
			wantErr(t, err, nil)
			if c := must[*store.Character](t)(b.GetCharacter(ctx, 1, store.Cached)); s.UserAgent != "another" || c.State.Level != 9 {
				t.Errorf("the session is of %q, the level %d", s.UserAgent, c.State.Level)
			}
		})
	}
}

func TestEncodedAnswersAreJudgedByTheClock(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	b.rows.edit(func(r *rows) {
		r.sessions["token-2"] = store.Session{ID: "s2", UserID: "u2", ExpiresAt: b.clock.Now().Add(4 * time.Hour)}
		u := r.users["u2"]
		u.Banned, u.BanExpiresAt = true, b.clock.Now().Add(2*time.Hour)
		r.users["u2"] = u
	})
	session := func(token string) error {
		_, err := b.EncodedSession(ctx, token, store.Cached)
		return err
	}
	wantErr(t, session("token-1"), nil)
	wantErr(t, session("token-2"), store.ErrUserBanned)
	b.clock.advance(3 * time.Hour)
	wantErr(t, session("token-1"), store.ErrSessionExpired)
	wantErr(t, session("token-2"), nil)
	b.clock.advance(3 * time.Hour)
	wantErr(t, session("token-2"), store.ErrSessionExpired)
	b.wantCalls(t, faultstore.ReadSession, 2)
}

func TestWhatIsNotThereHasNoEncodedAnswer(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	for range 2 { // from the store, and from what is remembered
		_, err := b.EncodedUser(ctx, "nobody", store.Cached)
		wantErr(t, err, store.ErrUserNotFound)
		_, err = b.EncodedCharacter(ctx, 99, store.Cached)
		wantErr(t, err, store.ErrCharacterNotFound)
		_, err = b.EncodedSession(ctx, "no token", store.Cached)
		wantErr(t, err, store.ErrSessionNotFound)
	}
}

func TestTextThatCannotBeSentIsAnInternalError(t *testing.T) {
	t.Parallel()
	for level, change := range map[string]func(*cached.Config){"both": func(*cached.Config) {}, "shared": sharedOnly} {
		b, ctx := setup(t, change), testContext(t)
		b.rows.edit(func(r *rows) {
			r.users["u1"] = store.User{ID: "u1", Name: "\xff"}
			r.characters[1] = store.Character{ID: 1, UserID: "u1", Name: "\xff"}
		})
		for range 2 {
			_, err := b.EncodedUser(ctx, "u1", store.Cached)
			_, err2 := b.EncodedSession(ctx, "token-1", store.Cached)
			_, err3 := b.EncodedCharacter(ctx, 1, store.Cached)
			for what, err := range map[string]error{"user": err, "session": err2, "character": err3} {
				if errs.KindOf(err) != errs.Internal || err == nil {
					t.Errorf("%s, %s: got %v", level, what, err)
				}
			}
			if u := must[*store.User](t)(b.GetUser(ctx, "u1", store.Cached)); u.Name != "\xff" {
				t.Errorf("%s: the user is %q", level, u.Name)
			}
		}
	}
}
