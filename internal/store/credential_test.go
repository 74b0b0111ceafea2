package store_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func TestSecretsStayOutOfLogs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	c := store.Credential{User: store.User{ID: "user-1", Email: "secret@example.com"}, PasswordHash: "secret"}
	n := store.NewSession{UserID: "user-1", Token: "secret", Lifetime: time.Hour}
	log.Info("", "a", c, "b", &c, "c", n, "d", &n)
	if s := out.String(); strings.Contains(s, "secret") || strings.Count(s, "user-1") != 4 {
		t.Errorf("logged %s", s)
	}
}

// The hashes are those of better-auth: SHA-256 in base64url without padding,
// of the token, or of the whole identifier.
func TestOneTimeIdentifiers(t *testing.T) {
	t.Parallel()
	got, err := store.OneTimeIdentifiers("abcdefghijklmnopqrstuvwxyz012345")
	want := []string{
		"one-time-token:abcdefghijklmnopqrstuvwxyz012345",
		"one-time-token:ZTuxJF6Cj82k-lP81aPe9b12VOZR9UtBMrc9dOZENcQ",
		"DMm8EBrEnQhYi-8CufDo2VR4f24Ob9YMg3g-e8pe3EA", "akAU76rqzNDOf8eIAAqe__YN_Cma4Uc_VucTNnE8RWk",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"", "abcdefghijklmno", strings.Repeat("x", 129), "abcdefghijklmnop\n", "abcdefghijklmno=", "abcdefghijklmnö0"} {
		if _, err := store.OneTimeIdentifiers(bad); errs.KindOf(err) != errs.InvalidArgument {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}
