package bot_test

import (
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/bot/bottest"
	"github.com/waystone-mmo/waystone/internal/packets"
)

func TestDialSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	for name, tt := range map[string]struct {
		cfg  bot.Config
		want string
	}{
		"nobody listens": {bot.Config{Addr: closed, User: "ada", Secret: packets.Secret(strings.Repeat("x", 32))}, "connect: connect to the login stage at " + closed},
		"short secret":   {bot.Config{Addr: closed, User: "ada", Secret: "hush"}, "connect: the secret has 4 characters, want 32"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := bot.Dial(t.Context(), tt.cfg)
			var step *bot.StepError
			if !errors.As(err, &step) || step.Step != "connect" || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestATicketWorksOnce(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	cfg := bot.Config{Addr: s.Addr(), User: "ada", Secret: packets.Secret(s.Ticket("ada"))}
	first, second := dialConfig(t, cfg), dialConfig(t, cfg)
	if err := first.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := second.Login(t.Context())
	var no *bot.RefusedError
	if !errors.As(err, &no) || no.Result != packets.LoginWrongPassword || err.Error() != "login: result 3 (wrong password)" {
		t.Errorf("error %v", err)
	}
	if _, err := second.Login(t.Context()); !errors.As(err, &no) {
		t.Errorf("on the same connection: %v", err)
	}
}

func TestStepsOutOfOrder(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	b := dial(t, s, "ada")
	for name, f := range map[string]func(context.Context) error{
		"join world": b.JoinWorld, "join game": b.JoinGame, "enter zone": b.EnterZone, "log out": b.Logout,
		"return to select": b.ReturnToSelect, "stop": b.Stop,
		"move":             func(ctx context.Context) error { return b.MoveTo(ctx, 1, 1) },
		"whisper":          func(ctx context.Context) error { return b.Whisper(ctx, "Bob", "x") },
		"select character": func(ctx context.Context) error { return b.Select(ctx, "Ada") },
	} {
		if err := f(t.Context()); !errors.Is(err, bot.ErrState) || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	b.Close()
	if _, err := b.Login(t.Context()); err == nil {
		t.Error("a closed bot signed in")
	}
}

func TestAServerThatHandsOverToNowhere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reply packets.SelectServerReply
		want  string
	}{
		"a name":  {packets.SelectServerReply{Address: "localhost", Port: 1, Seed: 1}, `select server: the server hands over to "localhost", which is not a numeric IPv4 address`},
		"empty":   {packets.SelectServerReply{Port: 1, Seed: 1}, `select server: the server hands over to "", which is not a numeric IPv4 address`},
		"IPv6":    {packets.SelectServerReply{Address: "::1", Port: 1, Seed: 1}, `select server: the server hands over to "::1", which is not a numeric IPv4 address`},
		"no port": {packets.SelectServerReply{Address: "127.0.0.1", Seed: 1}, "select server: the server hands over to port 0 with codec seed 1, neither may be 0"},
		"no seed": {packets.SelectServerReply{Address: "127.0.0.1", Port: 1}, "select server: the server hands over to port 1 with codec seed 0, neither may be 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bottest.Start(t)
			s.SetHook(func(_ packets.Stage, _ string, p packets.Packet) packets.Packet {
				if _, ok := p.(*packets.SelectServerReply); ok {
					return &tt.reply
				}
				return p
			})
			if err := dial(t, s, "ada").SignIn(t.Context()); err == nil || err.Error() != tt.want {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestSecondSignInIsReportedToTheFirst(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	first, second := dial(t, s, "ada"), dial(t, s, "ada")
	name := play(t, first)
	if again := play(t, second); again != name {
		t.Errorf("played %s, then %s", name, again)
	}
	how, err := first.WaitClosed(t.Context(), packets.Game)
	if err != nil || how.Announce != "signed in elsewhere" || !errors.Is(how, io.EOF) || how.Stage != packets.Game {
		t.Fatalf("closed %v, error %v", how, err)
	}
	err = first.Say(t.Context(), "am I here?")
	var closed *bot.ClosedError
	if !errors.As(err, &closed) || !strings.HasPrefix(err.Error(), `say: the game connection ended: EOF, after the announcement "signed in elsewhere"`) {
		t.Errorf("error %v", err)
	}
	err = first.WaitUntil(t.Context(), "wait", time.Hour, func(bot.View) bool { return false })
	if !errors.As(err, &closed) {
		t.Errorf("waiting on a dead connection: %v", err)
	}
	if err := second.Say(t.Context(), "I am"); err != nil {
		t.Error(err)
	}
}

func TestWaitClosedGivesUp(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	b := dial(t, s, "ada")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if how, err := b.WaitClosed(ctx, packets.Login); how != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("closed %v, error %v", how, err)
	}
	if _, err := b.WaitClosed(t.Context(), packets.Game); !errors.Is(err, bot.ErrState) {
		t.Errorf("error %v", err)
	}
}

func TestReturnToSelectAndInAgain(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	b := dial(t, s, "ada")
	name := play(t, b)
	if err := b.WalkTo(t.Context(), 520123, 520456); err != nil {
		t.Fatal(err)
	}
	if err := b.ReturnToSelect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Say(t.Context(), "hello?"); err == nil {
		t.Error("spoke outside of the game")
	}
	if err := b.Enter(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if self, ok := b.Self(); !ok || self.X != 520123 || self.Y != 520456 {
		t.Errorf("self %+v, %t", self, ok)
	}
}

func TestActsThatTheServerRefuses(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	b := dial(t, s, "ada")
	play(t, b)
	var no *bot.RefusedError
	if err := b.MoveTo(t.Context(), 1, 1); !errors.As(err, &no) || err.Error() != "move: refused: the server put the character back to 520000, 520000" {
		t.Errorf("out of bounds: %v", err)
	}
	if err := b.Toggle(t.Context(), packets.ToggleSit); err != nil {
		t.Fatal(err)
	}
	if err := b.MoveTo(t.Context(), 520010, 520000); !errors.As(err, &no) {
		t.Errorf("sitting: %v", err)
	}
	if err := b.Toggle(t.Context(), packets.ToggleSit); err != nil {
		t.Fatal(err)
	}
	if err := b.WalkTo(t.Context(), 520010, 520000); err != nil {
		t.Error(err)
	}
	if err := b.Say(t.Context(), strings.Repeat("x", packets.MaxChatText+1)); err == nil || !strings.HasPrefix(err.Error(), "say: encode") {
		t.Errorf("too long a text: %v", err)
	}
	if err := b.Say(t.Context(), "still here"); err != nil {
		t.Error(err)
	}
}

func TestAWhisperToNobodyComesBackEmpty(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	b := dial(t, s, "ada")
	play(t, b)
	x, err := b.Expect(packets.Game, func(p packets.Packet) bool { _, ok := p.(*packets.Whisper); return ok })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Whisper(t.Context(), "Nobody", "there?"); err != nil {
		t.Fatal(err)
	}
	p, err := x.Wait(t.Context())
	if w, ok := p.(*packets.Whisper); err != nil || !ok || w.From != "Nobody" || w.Text != "" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestWaitingIsBounded(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	b := dial(t, s, "ada")
	never := func(packets.Packet) bool { return false }
	var list []*bot.Expectation
	for {
		x, err := b.Expect(packets.Login, never)
		if err != nil {
			if !errors.Is(err, bot.ErrState) {
				t.Fatal(err)
			}
			break
		}
		if list = append(list, x); len(list) > 1000 {
			t.Fatal("no bound")
		}
	}
	for _, x := range list {
		x.Cancel()
	}
	if _, err := b.Login(t.Context()); err != nil {
		t.Errorf("after all were given up: %v", err)
	}
}

func TestGarbageFromAServerEndsTheConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = nc.Close() }()
		_, _ = nc.Write([]byte(strings.Repeat("\xff", 64)))
		_, _ = io.Copy(io.Discard, nc)
	}()
	_, err = bot.Dial(t.Context(), bot.Config{Addr: l.Addr().String(), User: "ada", Secret: packets.Secret(strings.Repeat("x", 32))})
	var closed *bot.ClosedError
	if !errors.As(err, &closed) || closed.Stage != packets.Login {
		t.Errorf("error %v", err)
	}
	<-done
}

func TestEnsureCharacter(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	s.ReserveName("Botada")
	ctx := t.Context()
	b := dial(t, s, "ada")
	if err := b.SignIn(ctx); err != nil {
		t.Fatal(err)
	}
	name, created, err := b.EnsureCharacter(ctx)
	if err != nil || !created || name != bot.CharacterName("ada", 1) {
		t.Fatalf("%q, %t, %v", name, created, err)
	}
	if again, created, err := b.EnsureCharacter(ctx); again != name || created || err != nil {
		t.Errorf("again: %q, %t, %v", again, created, err)
	}
	left, err := b.DeleteCharacter(ctx, name)
	if err != nil || left != time.Hour {
		t.Fatalf("%v, %v", left, err)
	}
	if _, err := b.DeleteCharacter(ctx, name); err == nil || !strings.HasPrefix(err.Error(), "delete character: refused: ") {
		t.Errorf("marked twice: %v", err)
	}
	if back, created, err := b.EnsureCharacter(ctx); back != name || created || err != nil {
		t.Errorf("marked: %q, %t, %v", back, created, err)
	}
	if err := b.Enter(ctx, name); err != nil {
		t.Errorf("restored, but %v", err)
	}

	wants := dialConfig(t, bot.Config{Addr: s.Addr(), User: "bob", Secret: packets.Secret(s.Ticket("bob")), Name: "Botada"})
	if err := wants.SignIn(ctx); err != nil {
		t.Fatal(err)
	}
	if _, _, err := wants.EnsureCharacter(ctx); err == nil || err.Error() != "character Botada: create character: result 2 (name exists)" {
		t.Errorf("a name asked for that is taken: %v", err)
	}
}

func TestCharacterNames(t *testing.T) {
	t.Parallel()
	rule := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{3,19}$`)
	for _, user := range []string{"ada", "a.b_c", "...", "", "0123456789012345678901234567890", "ünïcode", "x"} {
		seen := map[string]bool{}
		for try := range bot.NameTries {
			name := bot.CharacterName(user, try)
			if !rule.MatchString(name) || seen[name] || name != bot.CharacterName(user, try) {
				t.Errorf("%q, try %d: %q", user, try, name)
			}
			seen[name] = true
		}
	}
	if bot.CharacterName("ada", 1) == bot.CharacterName("a.da", 1) {
		t.Error("two users of like names share all names")
	}
}

func TestJoinsThatAreRefused(t *testing.T) {
	t.Parallel()
	for stage, want := range map[packets.Stage]string{
		packets.World: "join world: result 2 (time-out)",
		packets.Game:  "join game: result 2 (time-out)",
	} {
		t.Run(stage.String(), func(t *testing.T) {
			t.Parallel()
			s := bottest.Start(t)
			s.SetHook(func(at packets.Stage, _ string, p packets.Packet) packets.Packet {
				if _, ok := p.(*packets.JoinReply); ok && at == stage {
					return &packets.JoinReply{Result: packets.JoinTimeout}
				}
				return p
			})
			b := dial(t, s, "ada")
			err := b.SignIn(t.Context())
			if stage == packets.Game {
				if err != nil {
					t.Fatal(err)
				}
				var name string
				if name, _, err = b.EnsureCharacter(t.Context()); err != nil {
					t.Fatal(err)
				}
				err = b.Enter(t.Context(), name)
			}
			if err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

func TestWaitForSeesOnlyWhatComes(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	b := dial(t, s, "ada")
	play(t, b)
	if err := b.Say(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	text := func(p packets.Packet) bool { _, ok := p.(*packets.LocalChat); return ok }
	if p, err := b.WaitFor(ctx, "hear", text); !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "hear: ") {
		t.Errorf("%v, %v", p, err)
	}
}

func TestRawBytesReachTheServer(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	b := dial(t, s, "ada")
	if b.Addr(packets.Login) != s.Addr() || b.Addr(packets.Game) != "" || b.User() != "ada" {
		t.Errorf("addresses %q, %q, user %q", b.Addr(packets.Login), b.Addr(packets.Game), b.User())
	}
	if err := b.WriteRaw(t.Context(), packets.Game, []byte{1}); !errors.Is(err, bot.ErrState) {
		t.Errorf("no connection: %v", err)
	}
	if err := b.WriteRaw(t.Context(), packets.Login, []byte(strings.Repeat("\xff", 2048))); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WaitClosed(t.Context(), packets.Login); err != nil {
		t.Error(err)
	}
}
