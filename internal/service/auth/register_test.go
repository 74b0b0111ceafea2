package auth_test

import (
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/remote"
)

// Bytes are passed on from the one to the other.
func TestCheckSessionAnswersInTheFieldsOfGetSession(t *testing.T) {
	t.Parallel()
	ours, theirs := (*authv1.CheckSessionResponse)(nil).ProtoReflect().Descriptor().Fields(), (*databasev1.GetSessionResponse)(nil).ProtoReflect().Descriptor().Fields()
	if ours.Len() != theirs.Len() {
		t.Fatalf("%d fields, and %d", ours.Len(), theirs.Len())
	}
	for i := range ours.Len() {
		a := ours.Get(i)
		b := theirs.ByNumber(a.Number())
		if b == nil || b.Kind() != protoreflect.MessageKind || a.Message() != b.Message() || a.Cardinality() != b.Cardinality() {
			t.Errorf("%v is not %v", a, b)
		}
	}
}

// An auth part that passes the database part's answers on says what one says
// that reads them.
func TestSessionsThatArePassedOn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	token := map[string]string{"living": store.NewID(), "gone": store.NewID(), "of a banned user": "token-lou1", "over": "token-ben1", "unknown": "nothing"}
	for _, name := range []string{"living", "gone"} {
		if _, _, err := s.db.CreateSession(t.Context(), store.NewSession{Token: token[name], UserID: "ada1", IPAddress: home, UserAgent: "test", Lifetime: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.RevokeSession(t.Context(), token["gone"]); err != nil {
		t.Fatal(err)
	}
	s.site.Ban(t, "lou1", time.Time{})
	s.site.SetExpiry(t, "session-ben1", s.clock.Now().Add(-time.Second))

	srv, err := rpc.NewServer(rpc.ServerConfig{Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	database.Register(srv, s.db, watch.New(watch.Config{}))
	far := remote.New(serveOn(t, srv))
	part := func(s auth.Store) authv1.AuthServiceClient {
		a, err := auth.New(auth.DefaultConfig(), auth.Deps{Store: s})
		if err != nil {
			t.Fatal(err)
		}
		return authv1.NewAuthServiceClient(serve(t, slog.New(slog.DiscardHandler), a))
	}
	passes, reads := part(far), part(struct{ auth.Store }{far})
	for name, tok := range token {
		got, gotErr := passes.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: tok})
		want, wantErr := reads.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: tok})
		if (name == "living") != (gotErr == nil) || status.Code(gotErr) != status.Code(wantErr) || errs.ReasonOf(gotErr) != errs.ReasonOf(wantErr) {
			t.Errorf("%s: %v, want %v", name, gotErr, wantErr)
		}
		if !proto.Equal(got, want) || len(got.ProtoReflect().GetUnknown()) > 0 {
			t.Errorf("%s: got\n%v\nwant\n%v", name, got, want)
		}
		if name == "living" && got.GetUser().GetId() != "ada1" {
			t.Errorf("the user is %v", got.GetUser())
		}
	}
}
