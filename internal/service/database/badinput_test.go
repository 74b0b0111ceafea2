package database_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// served is the database part on a real port.
type served struct {
	addr   string
	cc     *grpc.ClientConn
	faults *faultstore.Store
	userID string // of a user who is there
}

// onSQLite serves from an embedded database with one user.
func onSQLite(t *testing.T) *served {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "waystone.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	u, err := db.CreateUser(t.Context(), store.NewUser{Username: "ada", Name: "Ada", Email: "ada@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, db, u.ID)
}

// onPostgres serves from PostgreSQL with the rows of a real website.
func onPostgres(t *testing.T) *served {
	t.Helper()
	pg := testenv.Postgres(t)
	for _, f := range []string{"postgres_schema.sql", "seed_postgres.sql"} {
		pg.Exec(t, betterauth.Read(f))
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: pg.URL(), MaxConns: 4, Migrate: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return serve(t, db, "Gwp9WNys4GldOpYGzgyjMIaJ1hMO5MPD")
}

func serve(t *testing.T, db store.Engine, userID string) *served {
	t.Helper()
	s, err := rpc.NewServer(rpc.ServerConfig{Log: slog.New(slog.DiscardHandler), Metrics: rpc.NewMetrics(nil), Health: health.NewServer()})
	if err != nil {
		t.Fatal(err)
	}
	faults := faultstore.New(db)
	database.Register(s, faults, watch.New(watch.Config{}))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	cc, err := rpc.Dial("passthrough:///"+ln.Addr().String(), rpc.ClientConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		s.Stop()
		<-done
	})
	return &served{addr: ln.Addr().String(), cc: cc, faults: faults, userID: userID}
}

// methods returns every method of the part, as the protos list them.
func methods(t *testing.T) []protoreflect.MethodDescriptor {
	t.Helper()
	var list []protoreflect.MethodDescriptor
	services := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("waystone.database.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			services++
			for j := range f.Services().Get(i).Methods().Len() {
				list = append(list, f.Services().Get(i).Methods().Get(j))
			}
		}
		return true
	})
	if services < 4 || len(list) < 20 {
		t.Fatalf("only %d services with %d methods found", services, len(list))
	}
	return list
}

// fill makes a request that the rules let pass: one element in each list, and
// in each field what good has under its name.
func (s *served) fill(t *testing.T, m protoreflect.Message) {
	t.Helper()
	good := map[protoreflect.Name]string{
		"user_id": s.userID, "username": "ada", "email": "ada@example.org", "token": "no-such-token", "session_id": "no-such-session",
		"character_id": "7", "name": "Hero", "idempotency_key": "key", "save_key": "key", "play_id": "no-such-play",
		"address": "192.0.2.1", "password_hash": "hash", "cursor": "", "replica": "", "group": "trade",
		"ip_address": "192.0.2.1", "user_agent": "launcher", "network": "192.0.2.0/24", "wide_network": "192.0.0.0/20", "widest_network": "192.0.0.0/16",
		"session_ids": "no-such-session", "password_stamp": "", "site_password": "", "game_password": "0123456789abcdef0123456789abcdef",
	}
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		switch {
		case f.IsMap():
			t.Fatalf("%s is a map: say here what it is filled with", f.FullName())
		case f.IsList() && f.Message() != nil:
			e := m.Mutable(f).List().AppendMutable()
			s.fill(t, e.Message())
		case f.Message() != nil && f.Message().FullName() == "google.protobuf.Duration":
			m.Set(f, protoreflect.ValueOfMessage(durationpb.New(time.Minute).ProtoReflect()))
		case f.Message() != nil:
			s.fill(t, m.Mutable(f).Message())
		case f.Kind() == protoreflect.StringKind:
			v, ok := good[f.Name()]
			switch f.FullName() {
			case "waystone.database.v1.CreateSessionRequest.token", "waystone.database.v1.RedeemOneTimeTokenRequest.token":
				v = store.NewID() // used once
			}
			if !ok {
				t.Fatalf("no good value is known for %s: add one to this test", f.FullName())
			}
			if f.IsList() {
				m.Mutable(f).List().Append(protoreflect.ValueOfString(v))
			} else {
				m.Set(f, protoreflect.ValueOfString(v))
			}
		case f.Kind() == protoreflect.BytesKind:
			m.Set(f, protoreflect.ValueOfBytes([]byte(rand.Text() + rand.Text())[:32])) // a digest, used once
		case f.Kind() == protoreflect.EnumKind && f.Name() == "stage":
			m.Set(f, protoreflect.ValueOfEnum(2))
		case f.Kind() == protoreflect.EnumKind:
			m.Set(f, protoreflect.ValueOfEnum(1))
		case f.Name() == "timeout_ms":
			m.Set(f, protoreflect.ValueOfUint32(20_000))
		case f.Kind() == protoreflect.Uint32Kind:
			m.Set(f, protoreflect.ValueOfUint32(1))
		case f.FullName() == "waystone.database.v1.Item.id": // 0 is a new one
		case f.Kind() == protoreflect.Int64Kind:
			m.Set(f, protoreflect.ValueOfInt64(1))
		}
	}
}

// textField is a string field somewhere in a request.
type textField struct {
	path string
	set  func(root protoreflect.Message, value string)
}

func textFields(m protoreflect.Message) []textField {
	var list []textField
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		path := string(f.Name())
		if f.IsList() {
			path += "[0]"
		}
		switch {
		case f.Kind() == protoreflect.StringKind && f.IsList():
			list = append(list, textField{path, func(root protoreflect.Message, v string) {
				root.Mutable(f).List().Set(0, protoreflect.ValueOfString(v))
			}})
		case f.Kind() == protoreflect.StringKind:
			list = append(list, textField{path, func(root protoreflect.Message, v string) { root.Set(f, protoreflect.ValueOfString(v)) }})
		case f.Message() != nil:
			inner := func(root protoreflect.Message) protoreflect.Message {
				if f.IsList() {
					return root.Mutable(f).List().Get(0).Message()
				}
				return root.Mutable(f).Message()
			}
			for _, t := range textFields(inner(m)) {
				list = append(list, textField{path + "." + t.path, func(root protoreflect.Message, v string) { t.set(inner(root), v) }})
			}
		}
	}
	return list
}

// asIs sends bytes as they are, and keeps an answer for who wants its bytes.
type asIs struct{}

func (asIs) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}
func (asIs) Unmarshal(data mem.BufferSlice, v any) error {
	if b, ok := v.(*[]byte); ok {
		*b = data.Materialize()
	}
	return nil
}
func (asIs) Name() string { return "proto" }

var _ encoding.CodecV2 = asIs{}

// send sends bytes to a method, unary or streaming, and returns its error; nil
// too for a stream that sends something, or nothing for a while.
func (s *served) send(t *testing.T, m protoreflect.MethodDescriptor, data []byte) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if !m.IsStreamingServer() {
		return s.cc.Invoke(ctx, fullMethod(m), data, new(struct{}), grpc.ForceCodecV2(asIs{}))
	}
	if !m.IsStreamingClient() { // it only tells, and may have nothing to tell
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, 500*time.Millisecond)
		defer end()
	}
	stream, err := s.cc.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: m.IsStreamingClient()}, fullMethod(m), grpc.ForceCodecV2(asIs{}))
	if err != nil {
		return err
	}
	if err := stream.SendMsg(data); err != nil && err != io.EOF { //nolint:errorlint // grpc returns it bare
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	var answer []byte
	if err := stream.RecvMsg(&answer); err != io.EOF && errs.KindOf(err) != errs.DeadlineExceeded { //nolint:errorlint // grpc returns it bare
		if err == nil && m.IsStreamingClient() {
			return refusal(t, answer)
		}
		return err
	}
	return nil
}

// refusal returns the error that a look-up on a stream is answered with, with
// the path of its field in the message; nil for none.
func refusal(t *testing.T, answer []byte) error {
	t.Helper()
	var m databasev1.GetSessionsResponse
	if err := proto.Unmarshal(answer, &m); err != nil || len(m.GetAnswers()) != 1 {
		t.Fatalf("one look-up is answered with %v, %v", &m, err)
	}
	var st spb.Status
	if err := proto.Unmarshal(m.GetAnswers()[0].GetRefusal(), &st); err != nil {
		t.Fatal(err)
	}
	err := rpc.FromStatus(status.ErrorProto(&st))
	var e *errs.Error
	if errors.As(err, &e) && e.Field != "" {
		e.Field = "lookups[0].request." + e.Field
	}
	return err
}

func fullMethod(m protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
}

// request returns a good request of a method.
func (s *served) request(t *testing.T, m protoreflect.MethodDescriptor) protoreflect.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
	if err != nil {
		t.Fatal(err)
	}
	req := mt.New()
	s.fill(t, req)
	return req
}

func encode(t *testing.T, m protoreflect.Message) []byte {
	t.Helper()
	data, err := proto.Marshal(m.Interface())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// refused are texts that no field may hold.
var refused = map[string]string{
	"overlong": strings.Repeat("x", 5000),
	"NUL":      "a\x00b", "line feed": "a\nb", "escape": "\x1b[31mred", "DEL": "a\x7f",
	"a command for Redis": "x\r\n*1\r\n$8\r\nFLUSHALL\r\n",
}

// odd are texts that are legal in some fields and wrong in others, and must do
// no harm in any.
var odd = map[string]string{
	"empty": "", "a statement": `'; DROP TABLE "user"; --`, "a condition": `" OR ""="`, "a wildcard": `%_\`, "a parameter": "$1 ? :name",
	"a pattern for Redis": "user:*[a-z]?{x}", "a number": "123", "a negative number": "-1", "too large a number": "99999999999999999999",
	"a float": "1e9", "hexadecimal": "0x10", "a uuid": "8f14e45f-ceea-467f-a0e2-6d1c5c1e2a3b", "spaces": "   ", "an emoji": "🐉",
	"right to left": "\u202eevil", "null": "null", "NaN": "NaN", "a path": "../../etc/passwd", "a template": "${jndi:ldap://x}",
}

func TestBadTextIsTheCallersFault(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) *served{"sqlite": onSQLite, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sendBadText(t, open(t))
		})
	}
}

func sendBadText(t *testing.T, s *served) {
	t.Helper()
	fields := 0
	for _, m := range methods(t) {
		if err := s.send(t, m, encode(t, s.request(t, m))); errs.KindOf(err) == errs.InvalidArgument || err != nil && errs.KindOf(err) == errs.Internal {
			t.Fatalf("%s: a good request is answered %v", m.FullName(), err)
		}
		for _, f := range textFields(s.request(t, m)) {
			fields++
			for name, text := range refused {
				req := s.request(t, m)
				f.set(req, text)
				wantField(t, m, f.path, name, s.send(t, m, encode(t, req)))
			}
			for name, text := range odd {
				req := s.request(t, m)
				f.set(req, text)
				err := s.send(t, m, encode(t, req))
				switch kind := errs.KindOf(err); {
				case err == nil:
				case kind == errs.InvalidArgument:
					wantField(t, m, f.path, name, err)
				case kind == errs.Internal, kind == errs.Unavailable, kind == errs.DeadlineExceeded, kind == errs.ResourceExhausted:
					t.Errorf("%s, %s in %s: %v", m.FullName(), name, f.path, err)
				}
			}
			// Bytes that no encoder would send: put where a good text was.
			req := s.request(t, m)
			f.set(req, "GOOD.TEXT")
			data := bytes.Replace(encode(t, req), []byte("GOOD.TEXT"), []byte("bad\xff\xfe\xc0\x80\xed\xa0"), 1)
			wantField(t, m, f.path, "not UTF-8", s.send(t, m, data))
		}
	}
	if fields < 20 {
		t.Errorf("only %d text fields found", fields)
	}
	if _, err := databasev1.NewUserServiceClient(s.cc).GetUser(t.Context(), &databasev1.GetUserRequest{UserId: s.userID}); err != nil {
		t.Errorf("after all of it, the user is gone: %v", err)
	}
}

func wantField(t *testing.T, m protoreflect.MethodDescriptor, path, what string, err error) {
	t.Helper()
	if e := errs.Of(err); e == nil || e.Kind != errs.InvalidArgument || e.Field != path || e.Msg == "" {
		t.Errorf("%s, %s in %s: got %v, want an invalid argument that names it", m.FullName(), what, path, err)
	}
}

func TestHugeListsAreRefused(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	lists := 0
	for _, m := range methods(t) {
		for i := range m.Input().Fields().Len() {
			f := m.Input().Fields().Get(i)
			if !f.IsList() {
				continue
			}
			lists++
			for _, n := range []int{0, 1001, 20_000} {
				if n == 0 && f.Name() == "items" {
					continue // who has nothing has an empty list
				}
				req := s.request(t, m)
				list := req.Mutable(f).List()
				first := list.Get(0)
				list.Truncate(0)
				for range n {
					list.Append(first)
				}
				wantField(t, m, string(f.Name()), strconv.Itoa(n)+" elements", s.send(t, m, encode(t, req)))
			}
		}
	}
	if lists < 3 {
		t.Errorf("only %d lists found", lists)
	}
}

func TestUnknownEnumValuesAreRefused(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	enums := 0
	for _, m := range methods(t) {
		for i := range m.Input().Fields().Len() {
			if f := m.Input().Fields().Get(i); f.Kind() == protoreflect.EnumKind {
				enums++
				req := s.request(t, m)
				req.Set(f, protoreflect.ValueOfEnum(99))
				wantField(t, m, string(f.Name()), "99", s.send(t, m, encode(t, req)))
			}
		}
	}
	if enums < 5 {
		t.Errorf("only %d enums found", enums)
	}
}

// TestLateCallsDoNotReachTheStore speaks HTTP/2 itself: a client of grpc's
// would not send a call whose deadline has passed.
func TestLateCallsDoNotReachTheStore(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &protocols}}
	t.Cleanup(client.CloseIdleConnections)
	for _, m := range methods(t) {
		msg := encode(t, s.request(t, m))
		body := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(msg))), msg...)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.addr+fullMethod(m), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Grpc-Timeout": {"1n"}}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Trailer.Get("Grpc-Status") + resp.Header.Get("Grpc-Status"); got != strconv.Itoa(int(codes.DeadlineExceeded)) {
			t.Errorf("%s: status %q", m.FullName(), got)
		}
	}
	for _, m := range faultstore.Methods() {
		if n := s.faults.Calls(m); n != 0 {
			t.Errorf("%s of the store was called %d times", m, n)
		}
	}
}
