package auth_test

import (
	"strings"
	"testing"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

func TestClientForm(t *testing.T) {
	t.Parallel()
	if got := auth.ClientForm("password"); got != "5f4dcc3b5aa765d61d8327deb882cf99" {
		t.Errorf("ClientForm = %q", got)
	}
}

func TestHashGamePassword(t *testing.T) {
	t.Parallel()
	hash, err := auth.HashGamePassword(secret)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", hash)
	}
	if !auth.Verify(hash, auth.ClientForm(secret)) {
		t.Error("the right password does not fit")
	}
	if auth.Verify(hash, auth.ClientForm("Correct horse")) || auth.Verify(hash, secret) {
		t.Error("something else fits")
	}
	if again, _ := auth.HashGamePassword(secret); again == hash {
		t.Error("two hashes have one salt")
	}
}

func TestGamePasswordBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, password string
		ok             bool
	}{
		{"shortest", strings.Repeat("a", 8), true},
		{"too short", strings.Repeat("a", 7), false},
		{"longest", strings.Repeat("a", 64), true},
		{"too long", strings.Repeat("a", 65), false},
		{"longest in bytes", strings.Repeat("ä", 32), true},
		{"too long in bytes", strings.Repeat("ä", 33), false},
		{"empty", "", false},
		{"tab", "pass\tword", false},
		{"delete", "pass\x7fword", false},
		{"C1 control", "pass\u0085word", false},
		{"blanks", "pass word ", true},
	} {
		err := auth.CheckGamePassword(c.password)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
		if err != nil && errs.Of(err).Field != "password" {
			t.Errorf("%s: field %q", c.what, errs.Of(err).Field)
		}
	}
}

// A hash as another program computes it: the reference implementation's for
// the password "password" and the salt "somesalt".
func TestVerifyReadsTheStandardForm(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if !auth.Verify(hash, "password") {
		t.Error("a hash of the reference implementation does not fit")
	}
}

func TestVerifyRefusesOtherShapes(t *testing.T) {
	t.Parallel()
	good, err := auth.HashGamePassword(secret)
	if err != nil {
		t.Fatal(err)
	}
	form := auth.ClientForm(secret)
	edit := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("%q is not in the hash", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	for what, hash := range map[string]string{
		"empty":            "",
		"plain form":       form,
		"another function": edit("argon2id", "argon2i"),
		"another version":  edit("v=19", "v=16"),
		"gigabytes":        edit("m=19456", "m=4194304"),
		"no passes":        edit("t=2", "t=0"),
		"too many passes":  edit("t=2", "t=1000"),
		"no lanes":         edit("p=1", "p=0"),
		"more parameters":  edit("p=1", "p=1,x=2"),
		"leading zero":     edit("t=2", "t=02"),
		"one part more":    good + "$",
		"no key":           good[:strings.LastIndexByte(good, '$')+1],
		"one byte of key":  good[:strings.LastIndexByte(good, '$')+3],
		"broken base64":    good[:len(good)-1] + "!",
		"text in front":    "x" + good,
	} {
		if auth.Verify(hash, form) {
			t.Errorf("%s fits: %q", what, hash)
		}
	}
}

func TestSetGamePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set := func(userID, password string) error {
		_, err := w.SetGamePassword(t.Context(), &authv1.SetGamePasswordRequest{UserId: userID, Password: password, SessionToken: "token-" + userID})
		return err
	}
	form := auth.ClientForm("a fresh secret")
	if err := set("ben1", "a fresh secret"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.login(t, "ben", form, home); err != nil {
		t.Errorf("with the new password: %v", err)
	}
	if err := set("ben1", ""); err != nil {
		t.Fatal(err)
	}
	_, err := w.login(t, "ben", form, home)
	want(t, "after it was taken away", err, auth.ErrNoGamePassword)

	if err := set("lou1", "a fresh secret"); err != nil {
		t.Fatal(err)
	}
	_, err = w.login(t, "lou", form, home)
	want(t, "what else is kept of the account", err, auth.ErrLoopbackOnly)

	want(t, "unknown user", set("nobody", "a fresh secret"), store.ErrUserNotFound)
	want(t, "unknown user, empty", set("nobody", ""), store.ErrUserNotFound)
	want(t, "too short", set("ben1", "short"), errs.Invalid("password", ""))
}

// TestTheDummyIsAHashLikeOthers: with the same costs, and read like others, so
// that to verify it takes as long.
func TestTheDummyIsAHashLikeOthers(t *testing.T) {
	t.Parallel()
	good, err := auth.HashGamePassword(secret)
	if err != nil {
		t.Fatal(err)
	}
	dummy := auth.DummyHash()
	parts := func(hash string) (header string, salt, key int) {
		p := strings.Split(hash, "$")
		return strings.Join(p[:len(p)-2], "$"), len(p[len(p)-2]), len(p[len(p)-1])
	}
	header, salt, key := parts(dummy)
	if h, s, k := parts(good); header != h || salt != s || key != k {
		t.Errorf("the dummy %s is not of the form of %s", dummy, good)
	}
	if auth.DummyHash() == dummy {
		t.Error("two dummies are the same")
	}
}
