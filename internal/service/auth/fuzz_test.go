package auth_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

// FuzzLogin holds that whatever is presented is refused, in a way that the
// contract knows, unless it is what was set up.
func FuzzLogin(f *testing.F) {
	right := auth.ClientForm(secret)
	for _, s := range []string{right, auth.NewTicket(), onceToken, "", "\x00", right + "x", "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ"} {
		f.Add("ada", s, home)
		f.Add("zoe", s, "::1")
		f.Add("p.cleo0001", s, "nowhere")
	}
	w := newWorld(f, unlimited)
	f.Fuzz(func(t *testing.T, name, presented, address string) {
		resp, err := w.part.Login(t.Context(), &authv1.LoginRequest{UserName: name, Secret: presented, Address: address})
		if err == nil {
			if presented != right {
				t.Fatalf("%q was let in by %q", resp.GetUser().GetId(), presented)
			}
			if _, err := w.part.EndPlay(t.Context(), &authv1.EndPlayRequest{Play: ref(resp.GetPlay())}); err != nil {
				t.Fatal(err)
			}
			return
		}
		e := errs.Of(err)
		if e.Kind == errs.InvalidArgument {
			return
		}
		for _, known := range []*errs.Error{auth.ErrLoginRefused, auth.ErrTicketRefused, auth.ErrNoGamePassword, auth.ErrLoopbackOnly, store.ErrUserBanned} {
			if e.Is(known) {
				return
			}
		}
		t.Fatalf("refused with %v", err)
	})
}

// methods are the calls of the part.
func methods(t testing.TB) protoreflect.MethodDescriptors {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(authv1.AuthService_ServiceDesc.ServiceName))
	if err != nil {
		t.Fatal(err)
	}
	return d.(protoreflect.ServiceDescriptor).Methods()
}

// examples are requests that pass the rules, one for each call.
func examples() map[string]proto.Message {
	ref := &databasev1.PlayRef{PlayId: "play-1", Generation: 1}
	return map[string]proto.Message{
		"IssueTicket":     &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_UserId{UserId: "ada1"}, Address: home},
		"Login":           &authv1.LoginRequest{UserName: "ada", Secret: "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", Address: home},
		"HandOver":        &authv1.HandOverRequest{PlayId: "play-1", Generation: 1, Stage: toGame, CharacterId: "1"},
		"Join":            &authv1.JoinRequest{Token: 1, Secret: "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", Stage: toWorld, Address: home},
		"KeepAlive":       &authv1.KeepAliveRequest{Plays: []*databasev1.PlayRef{ref}},
		"EndPlay":         &authv1.EndPlayRequest{Play: ref},
		"CheckSession":    &authv1.CheckSessionRequest{Token: "token-ada1"},
		"RefreshSession":  &authv1.RefreshSessionRequest{Token: "token-ada1"},
		"SignIn":          &authv1.SignInRequest{User: &authv1.SignInRequest_Email{Email: "ada@example.org"}, Password: "x", Address: home, UserAgent: "x"},
		"SignOut":         &authv1.SignOutRequest{Token: "token"},
		"VerifyPassword":  byUsername("ada", "x"),
		"SetGamePassword": &authv1.SetGamePasswordRequest{UserId: "ada1", Password: "long enough", CurrentPassword: secret, Address: home, SessionToken: "token-ada1"},
	}
}

// call sends a request as it is through the whole edge, rules included.
func (w *world) call(t testing.TB, method protoreflect.MethodDescriptor, request proto.Message) error {
	t.Helper()
	name := "/" + authv1.AuthService_ServiceDesc.ServiceName + "/" + string(method.Name())
	return w.conn.Invoke(t.Context(), name, request, dynamicpb.NewMessage(method.Output()))
}

// hold reports an answer that the caller could not have avoided.
func hold(t testing.TB, what string, err error) {
	t.Helper()
	switch e := errs.Of(err); {
	case err == nil:
	case e.Kind == errs.Internal || e.Kind == errs.Unavailable || e.Reason == "":
		t.Errorf("%s: %v (%s)", what, err, e.Reason)
	case e.Kind == errs.InvalidArgument && e.Field == "" && e.Reason != "MALFORMED_REQUEST":
		t.Errorf("%s: %v names no field", what, err)
	}
}

// Every text field of every request is set to every hostile text in turn, with
// all others as they should be: the answer is never our fault, one that breaks a
// rule names the field, and then the store was not asked.
func TestHostileTextInEveryField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.fits = func(_, password string) bool { return password == secret || password == auth.ClientForm(secret) }
	texts := map[string]string{
		"empty": "", "NUL": "a\x00b", "line end": "a\nb", "delete": "a\x7f", "quotes": `';--"`, "not UTF-8": "a\xffb",
		"wide": strings.Repeat("𝒜", 33), "5,000 characters": strings.Repeat("x", 5000), "a blank": " ", "combining": "e\u0301\u202e",
		"32 hostile": strings.Repeat("\u202e", 32), "32 with NUL": strings.Repeat("x", 31) + "\x00", "a number": "-1",
	}
	fields := 0
	for i := range methods(t).Len() {
		method := methods(t).Get(i)
		example := examples()[string(method.Name())]
		if example == nil {
			t.Fatalf("no example of %s", method.Name())
		}
		hold(t, "the example of "+string(method.Name()), w.call(t, method, example))
		for j := range method.Input().Fields().Len() {
			field := method.Input().Fields().Get(j)
			if field.Kind() != protoreflect.StringKind {
				continue
			}
			fields++
			for what, text := range texts {
				m := proto.Clone(example)
				// The text goes in as bytes, which may be no text.
				m.ProtoReflect().SetUnknown(append(
					protowire.AppendTag(nil, field.Number(), protowire.BytesType), protowire.AppendString(nil, text)...))
				w.store.takeCalls()
				err := w.call(t, method, m)
				at := string(method.Name()) + "." + string(field.Name()) + ": " + what
				hold(t, at, err)
				calls := w.store.takeCalls()
				if errs.KindOf(err) == errs.InvalidArgument && len(calls) > 0 {
					t.Errorf("%s: the store was asked %v", at, calls)
				}
				control := strings.ContainsAny(text, "\x00\n\x7f") && !strings.HasSuffix(string(field.Name()), "password") // which may be any text
				if bad := control || !utf8.ValidString(text) || len(text) == 5000; bad &&
					(errs.KindOf(err) != errs.InvalidArgument || errs.Of(err).Field != string(field.Name())) {
					t.Errorf("%s: %v, want the field named", at, err)
				}
			}
		}
	}
	if fields < 20 {
		t.Errorf("only %d fields were tried", fields)
	}
}

// FuzzRequests sends any bytes as the request of any call.
func FuzzRequests(f *testing.F) {
	w := newWorld(f, unlimited)
	all := methods(f)
	for i := range all.Len() {
		good, err := proto.Marshal(examples()[string(all.Get(i).Name())])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), good)               //nolint:gosec // a dozen
		f.Add(uint8(i), good[:len(good)/2]) //nolint:gosec // a dozen
		f.Add(uint8(i), []byte{})           //nolint:gosec // a dozen
	}
	f.Fuzz(func(t *testing.T, call uint8, request []byte) {
		method := all.Get(int(call) % all.Len())
		name := "/" + authv1.AuthService_ServiceDesc.ServiceName + "/" + string(method.Name())
		err := w.conn.Invoke(t.Context(), name, raw(request), new(raw), grpc.ForceCodec(rawCodec{}))
		hold(t, string(method.Name()), err)
	})
}

// raw is a message that is its own encoding.
type raw []byte

type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return v.(raw), nil }

func (rawCodec) Unmarshal(b []byte, v any) error {
	*v.(*raw) = b
	return nil
}

func (rawCodec) Name() string { return "proto" }

// FuzzVerify holds that no stored hash makes the check fail, take gigabytes or
// fit a form it was not made of.
func FuzzVerify(f *testing.F) {
	good, err := auth.HashGamePassword(secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "x")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "x")
	f.Add("$argon2id$v=19$m=0,t=1,p=255$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "x")
	f.Fuzz(func(t *testing.T, hash, form string) {
		if auth.Verify(hash, form) && auth.Verify(hash, form+"x") {
			t.Fatalf("%q fits two forms", hash)
		}
	})
}

// FuzzVerifySite holds the same of the website's hashes.
func FuzzVerifySite(f *testing.F) {
	f.Add(siteHashOfSecret(), "x")
	f.Add(":"+strings.Repeat("0", 128), "x")
	f.Add("salt:"+strings.Repeat("0", 127), "x")
	f.Fuzz(func(t *testing.T, hash, password string) {
		if auth.VerifySitePassword(hash, password) && auth.VerifySitePassword(hash, password+"x") {
			t.Fatalf("%q fits two passwords", hash)
		}
	})
}
