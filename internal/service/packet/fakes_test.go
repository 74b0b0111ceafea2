package packet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	characterv1 "github.com/waystone-mmo/waystone/gen/waystone/character/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	worldv1 "github.com/waystone-mmo/waystone/gen/waystone/world/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	canary = "CanaryCanaryCanaryCanaryCanary32"
)

// fakeAuth lets in the user "alice" with the secret above, and answers what a
// test tells it to.
type fakeAuth struct {
	authv1.AuthServiceClient

	mu         sync.Mutex
	generation int64
	token      uint32
	stage      databasev1.Stage
	character  string
	verdict    string // what KeepAlive says of everybody; "" alive
	down       error  // what KeepAlive fails with
	loginErr   error
	session    string                      // the website's, of who signs in; "" for none
	stamp      string                      // of the passwords of who signs in
	refreshes  int                         // times that KeepAlive was asked to prolong sessions, and answered
	admitted   func()                      // called before a sign-in is answered; nil for nothing
	loginTime  time.Duration               // that the last sign-in was given
	hold       func(context.Context) error // a sign-in waits in it; nil for nothing
	elsewhere  bool                        // the player has an earlier play, which a sign-in may keep
	takeovers  int                         // sign-ins that would not
	ended      chan *databasev1.PlayRef
	kept       chan int // plays of each KeepAlive; what does not fit is dropped
}

func newFakeAuth() *fakeAuth {
	return &fakeAuth{ended: make(chan *databasev1.PlayRef, 16), kept: make(chan int, 1024)}
}

func (a *fakeAuth) play() *databasev1.Play {
	return &databasev1.Play{
		Id: fmt.Sprintf("play-%d", a.generation), UserId: "user-alice", SessionId: a.session, PasswordStamp: a.stamp, Generation: a.generation, Stage: a.stage, CharacterId: a.character,
	}
}

func (a *fakeAuth) Login(ctx context.Context, r *authv1.LoginRequest, _ ...grpc.CallOption) (*authv1.LoginResponse, error) {
	if a.hold != nil {
		if err := a.hold(ctx); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if end, ok := ctx.Deadline(); ok {
		a.loginTime = time.Until(end)
	}
	if a.loginErr != nil {
		return nil, a.loginErr
	}
	if r.GetUserName() != "alice" || r.GetSecret() != secret {
		return nil, errs.New(errs.PermissionDenied, "LOGIN_REFUSED", "no")
	}
	if a.elsewhere && r.GetKeepEarlier() {
		return &authv1.LoginResponse{User: &databasev1.User{Id: "user-alice"}}, nil
	}
	if !r.GetKeepEarlier() {
		a.takeovers++
	}
	a.generation++
	if a.admitted != nil {
		a.admitted()
	}
	return &authv1.LoginResponse{Play: a.play(), User: &databasev1.User{Id: "user-alice"}}, nil
}

func (a *fakeAuth) HandOver(_ context.Context, r *authv1.HandOverRequest, _ ...grpc.CallOption) (*authv1.HandOverResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.GetGeneration() != a.generation {
		return nil, errs.New(errs.NotFound, "PLAY_NOT_FOUND", "gone")
	}
	a.token++
	a.stage, a.character = r.GetStage(), r.GetCharacterId()
	return &authv1.HandOverResponse{Token: a.token, ExpiresAt: timestamppb.Now()}, nil
}

func (a *fakeAuth) Join(_ context.Context, r *authv1.JoinRequest, _ ...grpc.CallOption) (*authv1.JoinResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.GetToken() != a.token || r.GetSecret() != secret || r.GetStage() != a.stage {
		return nil, errs.New(errs.PermissionDenied, "JOIN_REFUSED", "no")
	}
	return &authv1.JoinResponse{Play: a.play()}, nil
}

func (a *fakeAuth) KeepAlive(_ context.Context, r *authv1.KeepAliveRequest, _ ...grpc.CallOption) (*authv1.KeepAliveResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select { // in a test that does not look, a round must not wait
	case a.kept <- len(r.GetPlays()):
	default:
	}
	if a.down != nil {
		return nil, a.down
	}
	if r.GetRefresh() {
		a.refreshes++
	}
	resp := &authv1.KeepAliveResponse{}
	for range r.GetPlays() {
		resp.Verdicts = append(resp.Verdicts, &authv1.PlayVerdict{Alive: a.verdict == "", Reason: a.verdict})
	}
	return resp, nil
}

func (a *fakeAuth) EndPlay(_ context.Context, r *authv1.EndPlayRequest, _ ...grpc.CallOption) (*authv1.EndPlayResponse, error) {
	a.ended <- r.GetPlay()
	return &authv1.EndPlayResponse{}, nil
}

// refreshed is how often sessions were prolonged.
func (a *fakeAuth) refreshed() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refreshes
}

func (a *fakeAuth) say(verdict string, down error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.verdict, a.down = verdict, down
}

// fakeCharacters keeps the characters of one user.
type fakeCharacters struct {
	characterv1.CharacterServiceClient
	mu      sync.Mutex
	list    []*databasev1.Character
	refusal error // of every call but the list
	hidden  int   // calls of the list that still fail, as those of a part that is away
}

// refuse makes every call but the list fail; nil ends that.
func (f *fakeCharacters) refuse(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusal = err
}

func (f *fakeCharacters) ListCharacters(context.Context, *characterv1.ListCharactersRequest, ...grpc.CallOption) (*characterv1.ListCharactersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hidden > 0 {
		f.hidden--
		return nil, store.ErrUnavailable
	}
	resp := &characterv1.ListCharactersResponse{}
	for _, c := range f.list {
		resp.Characters = append(resp.Characters, proto.CloneOf(c))
	}
	return resp, nil
}

func (f *fakeCharacters) CreateCharacter(_ context.Context, r *characterv1.CreateCharacterRequest, _ ...grpc.CallOption) (*characterv1.CreateCharacterResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusal != nil {
		return nil, f.refusal
	}
	for _, c := range f.list {
		if c.GetName() == r.GetName() {
			return nil, errs.New(errs.AlreadyExists, "NAME_TAKEN", "taken")
		}
	}
	c := &databasev1.Character{
		Id: "7", Name: r.GetName(), Appearance: r.GetAppearance(), Slot: uint32(len(f.list)),
		State: &databasev1.CharacterState{Level: 1, Hp: 50, Money: 12, Position: &databasev1.Position{Zone: 20, X: 1, Y: 2}},
	}
	f.list = append(f.list, c)
	return &characterv1.CreateCharacterResponse{Character: c}, nil
}

func (f *fakeCharacters) DeleteCharacter(context.Context, *characterv1.DeleteCharacterRequest, ...grpc.CallOption) (*characterv1.DeleteCharacterResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusal != nil {
		return nil, f.refusal
	}
	f.list[0].DeleteAt = timestamppb.New(time.Now().Add(time.Hour))
	return &characterv1.DeleteCharacterResponse{DeleteAt: f.list[0].GetDeleteAt()}, nil
}

func (f *fakeCharacters) RestoreCharacter(context.Context, *characterv1.RestoreCharacterRequest, ...grpc.CallOption) (*characterv1.RestoreCharacterResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusal != nil {
		return nil, f.refusal
	}
	f.list[0].DeleteAt = nil
	return &characterv1.RestoreCharacterResponse{Character: f.list[0]}, nil
}

func (f *fakeCharacters) SelectCharacter(context.Context, *characterv1.SelectCharacterRequest, ...grpc.CallOption) (*characterv1.SelectCharacterResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusal != nil {
		return nil, f.refusal
	}
	return &characterv1.SelectCharacterResponse{Character: f.list[0], BasicSkills: []uint32{11, 12, 16}}, nil
}

// fakeWorld is a world over an in-memory listener that a test scripts: it
// receives every request, and sends what the test gives it.
type fakeWorld struct {
	worldv1.UnimplementedWorldServiceServer
	got     chan *worldv1.ConnectRequest
	send    chan *worldv1.ConnectResponse
	cut     chan struct{} // a value ends the stream
	streams chan struct{}
	keeps   atomic.Bool // quick bars; of the next stream
}

func startWorld(t *testing.T) (*fakeWorld, worldv1.WorldServiceClient) {
	t.Helper()
	w := &fakeWorld{
		got: make(chan *worldv1.ConnectRequest, 1024), send: make(chan *worldv1.ConnectResponse, 65536),
		cut: make(chan struct{}), streams: make(chan struct{}, 16),
	}
	ln := bufconn.Listen(1 << 20)
	srv := grpc.NewServer()
	worldv1.RegisterWorldServiceServer(srv, w)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln)
	}()
	cc, err := grpc.NewClient("passthrough:///world", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return ln.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		srv.Stop()
		<-done
	})
	return w, worldv1.NewWorldServiceClient(cc)
}

func (w *fakeWorld) Connect(stream worldv1.WorldService_ConnectServer) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	if err := stream.Send(&worldv1.ConnectResponse{Message: &worldv1.ConnectResponse_Welcome{
		Welcome: &worldv1.Welcome{Linger: durationpb.New(time.Second), Heartbeat: durationpb.New(time.Second), KeepsHotbars: w.keeps.Load()},
	}}); err != nil {
		return err
	}
	w.streams <- struct{}{}
	requests := make(chan struct{})
	go func() {
		defer close(requests)
		for {
			m, err := stream.Recv()
			if err != nil {
				return
			}
			w.got <- m
		}
	}()
	for {
		select {
		case <-w.cut:
			return errs.New(errs.Unavailable, "CUT", "cut by the test")
		case <-requests:
			return nil
		case m := <-w.send:
			if err := stream.Send(m); err != nil {
				return err
			}
		}
	}
}

// fakeSessions is a watch that a test scripts, and the verdicts of a check.
type fakeSessions struct {
	events    chan []store.Event
	resync    chan error // a value has the gateway check all it holds; it gets the outcome
	interrupt chan struct{}

	mu       sync.Mutex
	verdicts map[store.SessionSubject]error
	stamps   []store.PasswordStamp // of all that was judged
	down     error
}

func newFakeSessions() *fakeSessions {
	return &fakeSessions{
		events: make(chan []store.Event), resync: make(chan error), interrupt: make(chan struct{}),
		verdicts: map[store.SessionSubject]error{},
	}
}

func (f *fakeSessions) Watch(ctx context.Context, h store.WatchHandler) error {
	if err := h.Resync(ctx); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case events := <-f.events:
			h.Events(events)
		case <-f.resync: //nolint:errcheck // a request; the outcome goes back
			f.resync <- h.Resync(ctx)
		case <-f.interrupt:
			h.Interrupted(errors.New("cut by the test"))
		}
	}
}

func (f *fakeSessions) CheckSessions(_ context.Context, subjects []store.SessionSubject) ([]error, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down != nil {
		return nil, f.down
	}
	verdicts := make([]error, len(subjects))
	for i, s := range subjects {
		f.stamps = append(f.stamps, s.Stamp)
		s.Stamp = ""
		verdicts[i] = f.verdicts[s]
	}
	return verdicts, nil
}

// say sets the verdict on a session, or with "" on a user alone.
func (f *fakeSessions) say(sessionID, userID string, verdict error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.verdicts[store.SessionSubject{SessionID: sessionID, UserID: userID}] = verdict
}
