package cached_test

import (
	"bytes"
	"context"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// wantRows checks that the encoded answer to token-1 is what the rows say now.
func (b bench) wantRows(ctx context.Context, t *testing.T) {
	t.Helper()
	w := must[*storepb.Wire](t)(b.EncodedSession(ctx, "token-1", store.Cached))
	s, u, _, err := b.rows.ReadSession(ctx, "token-1")
	wantErr(t, err, nil)
	want := must[[]byte](t)(proto.Marshal(&databasev1.GetSessionResponse{Session: storepb.SessionPB(s), User: storepb.UserPB(u)}))
	if got := storepb.SessionReply(w).Parts().Materialize(); !bytes.Equal(got, want) {
		t.Errorf("the answer is\n%q\nand the rows are\n%q", got, want)
	}
}

// whole brings the answer to token-1 into the entry of the token.
func (b bench) whole(ctx context.Context, t *testing.T) {
	t.Helper()
	for range 2 {
		b.wantRows(ctx, t)
	}
	if !b.IsWhole("token-1") {
		t.Fatal("the answer is not in the entry of the token")
	}
}

// renamed gives the user another name.
func (b bench) renamed(name string) (xid uint64) {
	return b.rows.edit(func(r *rows) {
		u := r.users["u1"]
		u.Name = name
		r.users["u1"] = u
	})
}

func TestOneLookUpAnswersASessionThatIsAskedForAgain(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	b.whole(ctx, t)
	for range 3 {
		b.wantRows(ctx, t)
	}
	b.wantCalls(t, faultstore.ReadSession, 1)
	b.wantMetric(t, `waystone_cache_reads_total{read="session_by_token",result="hit"}`, 4)
}

// What voids a session or its user voids the answer that was made of both.
func TestAnAnswerIsVoidWithWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(ctx context.Context, t *testing.T, b bench){
		"the user is changed by the website": func(_ context.Context, _ *testing.T, b bench) {
			b.tell(store.TableUser, store.OpUpdate, b.renamed("Ada II"), "u1", "")
		},
		"the session is changed by the website": func(_ context.Context, _ *testing.T, b bench) {
			b.tell(store.TableSession, store.OpUpdate, b.rows.edit(func(r *rows) {
				s := r.sessions["token-1"]
				s.UserAgent = "another"
				r.sessions["token-1"] = s
			}), "s1", "u1")
		},
		"many rows are changed": func(_ context.Context, _ *testing.T, b bench) {
			b.tell(store.TableUser, store.OpMany, b.renamed("Ada II"), "", "")
		},
		"the feed begins anew": func(_ context.Context, _ *testing.T, b bench) {
			b.renamed("Ada II")
			b.connect()
		},
		"the user was read anew": func(ctx context.Context, t *testing.T, b bench) {
			t.Helper()
			b.renamed("Ada II")
			must[*store.User](t)(b.GetUser(ctx, "u1", store.Fresh))
		},
		"the session is prolonged here": func(ctx context.Context, t *testing.T, b bench) {
			t.Helper()
			b.clock.advance(50 * time.Minute)
			_, _, err := b.RefreshSession(ctx, "token-1")
			wantErr(t, err, nil)
		},
		"the session is prolonged here by its id": func(ctx context.Context, t *testing.T, b bench) {
			t.Helper()
			b.clock.advance(50 * time.Minute)
			must[[]string](t)(b.RefreshSessions(ctx, []string{"s1"}))
		},
	} {
		for level, levels := range map[string]func(*cached.Config){"both": func(*cached.Config) {}, "near": nearOnly} {
			t.Run(name+"/"+level, func(t *testing.T) {
				t.Parallel()
				b, ctx := setup(t, levels), testContext(t)
				b.whole(ctx, t)
				change(ctx, t, b)
				if b.IsWhole("token-1") {
					t.Error("the old answer would be given")
				}
				b.wantRows(ctx, t)
				b.whole(ctx, t)
			})
		}
	}
}

func TestAnAnswerEndsWithTheSession(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	b.whole(ctx, t)
	b.clock.advance(time.Hour)
	b.wantRows(ctx, t)
	b.clock.advance(time.Nanosecond)
	_, err := b.EncodedSession(ctx, "token-1", store.Cached)
	wantErr(t, err, store.ErrSessionExpired)
}

// A session of somebody who is banned is no answer, and one whose ban is over is.
func TestAnAnswerIsMadeOfALivingSessionOnly(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	b.rows.edit(func(r *rows) {
		u := r.users["u1"]
		u.Banned, u.BanExpiresAt = true, b.clock.Now().Add(time.Minute)
		r.users["u1"] = u
	})
	for range 3 {
		_, err := b.EncodedSession(ctx, "token-1", store.Cached)
		wantErr(t, err, store.ErrUserBanned)
	}
	if b.IsWhole("token-1") {
		t.Error("there is an answer")
	}
	b.clock.advance(time.Minute + time.Nanosecond)
	b.whole(ctx, t)
	b.wantCalls(t, faultstore.ReadSession, 1)
}

// While the feed is silent, an answer is as old as the oldest that it was made of.
func TestAnAnswerIsOfWhenItsPartsWereLoaded(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t, func(c *cached.Config) { c.Recent = time.Hour }), testContext(t)
	b.whole(ctx, t)
	b.Lost(nil)
	b.wantRows(ctx, t)
	b.wantCalls(t, faultstore.ReadSession, 1)

	b = setup(t, func(c *cached.Config) { c.Recent = time.Nanosecond })
	b.whole(ctx, t)
	b.Lost(nil)
	b.renamed("Ada II")
	b.wantRows(ctx, t)
}

// Records from the shared cache are as old as their loads elsewhere, and an
// answer made of them is kept for no longer than they are.
func TestAnAnswerIsMadeOfRecordsFromTheSharedCache(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), testContext(t)
	b.settle(t, 3, func() { b.wantRows(ctx, t) })
	other := b.replica(t)
	other.wantRows(ctx, t) // finds the three
	other.whole(ctx, t)
	other.wantCalls(t, faultstore.ReadSession, 0)
	other.tell(store.TableUser, store.OpUpdate, b.renamed("Ada II"), "u1", "")
	other.wantRows(ctx, t)
}

func TestARecordKnowsWhetherItIsKept(t *testing.T) {
	t.Parallel()
	const many = 500
	b, ctx := setup(t, nearOnly, func(c *cached.Config) { c.NearBytes = 100 << 10 }), testContext(t)
	ids := make([]string, many)
	b.rows.edit(func(r *rows) {
		for i := range ids {
			ids[i] = "many-" + strconv.Itoa(i)
			r.users[ids[i]] = store.User{ID: ids[i]}
		}
	})
	kept, right := b.Residents(ids, func(id string) { must[*store.User](t)(b.GetUser(ctx, id, store.Cached)) })
	if kept == 0 || kept == many || !right {
		t.Errorf("%d of %d are kept, and whether each says so rightly is %v", kept, many, right)
	}
}
