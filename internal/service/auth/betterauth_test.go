package auth_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
)

// siteUser is a user of credentials.json: what is known of one that a real
// better-auth made, and what it answered when the user signed in.
type siteUser struct {
	Key         string
	ID          string
	Email       string
	EmailTyped  string `json:"email_typed"`
	Username    string
	DisplayName string   `json:"displayUsername"`
	Password    string   // empty for none
	Equivalents []string `json:"password_equivalents"`
	MustFail    []string `json:"password_must_fail"`
	Verified    bool     `json:"email_verified"`
	Banned      bool
	BanExpires  *time.Time
	Expected    struct {
		Status int
		Code   string
	} `json:"expected_sign_in_email"`
}

// siteUsers returns the users of one seed and puts them into the store, with the
// hashes that the seed has: the embedded engine's as they are, the other's row by
// row.
func siteUsers(t *testing.T, w *world, seed string) []siteUser {
	t.Helper()
	var file map[string]json.RawMessage
	if err := json.Unmarshal([]byte(betterauth.Read("credentials.json")), &file); err != nil {
		t.Fatal(err)
	}
	var users []siteUser
	if err := json.Unmarshal(file[seed], &users); err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`'credential', ?'([^']+)',.*'([0-9a-f]{32}:[0-9a-f]{128})'`)
	hashes := row.FindAllStringSubmatch(betterauth.Read("seed_"+seed+".sql"), -1)
	if len(hashes) != 7 || len(users) != 8 {
		t.Fatalf("%s: %d hashes and %d users, want 7 and 8", seed, len(hashes), len(users))
	}
	if seed == "sqlite" {
		w.store.exec(betterauth.Read("seed_sqlite.sql"))
		return users
	}
	for _, u := range users {
		w.store.exec(`INSERT INTO "user" (id, name, email, "emailVerified", username, "createdAt", "updatedAt") VALUES (?1, ?1, ?2, ?3, nullif(?4, ''), ?5, ?5)`,
			u.ID, u.Email, u.Verified, u.Username, w.store.clock.Now())
		if u.Banned {
			var until time.Time
			if u.BanExpires != nil {
				until = *u.BanExpires
			}
			w.store.site.Ban(t, u.ID, until)
		}
	}
	for _, m := range hashes {
		w.store.site.AddAccount(t, m[1], "credential", m[1], m[2])
	}
	return users
}

// verdicts are better-auth's codes in the words of this part.
var verdicts = map[string]error{
	"":                          nil,
	"INVALID_EMAIL_OR_PASSWORD": auth.ErrLoginRefused,
	"BANNED_USER":               store.ErrUserBanned,
}

func byEmail(email, password string) *authv1.VerifyPasswordRequest {
	return &authv1.VerifyPasswordRequest{User: &authv1.VerifyPasswordRequest_Email{Email: email}, Password: password, Address: home}
}

func byUsername(name, password string) *authv1.VerifyPasswordRequest {
	return &authv1.VerifyPasswordRequest{User: &authv1.VerifyPasswordRequest_Username{Username: name}, Password: password, Address: home}
}

// Run with -v, this prints the table of all verdicts.
func TestVerdictsOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"postgres", "sqlite"} {
		w := newWorld(t, unlimited)
		t.Logf("%-8s %-12s %-34s %-26s %s", "seed", "user", "shown", "better-auth", "here")
		for _, u := range siteUsers(t, w, seed) {
			expected, ok := verdicts[u.Expected.Code]
			if !ok {
				t.Fatalf("better-auth answered %s with %q, which this test does not know", u.Key, u.Expected.Code)
			}
			check := func(shown string, r *authv1.VerifyPasswordRequest, code string, wanted error) {
				t.Helper()
				resp, err := w.VerifyPassword(t.Context(), r)
				if code == "" {
					code = "200"
				}
				got := errs.ReasonOf(err)
				if got == "" {
					got = "let in"
				}
				t.Logf("%-8s %-12s %-34s %-26s %s", seed, u.Key, shown, code, got)
				want(t, u.Key+", "+shown, err, wanted)
				if err == nil && resp.GetUser().GetId() != u.ID {
					t.Errorf("%s, %s: let in as %q", u.Key, shown, resp.GetUser().GetId())
				}
			}
			near := []rune("-" + u.Password)
			near = append(near[:min(1, len(near))], near[min(2, len(near)):]...) // another first letter
			const refused = "INVALID_EMAIL_OR_PASSWORD"
			check("e-mail, password", byEmail(u.Email, u.Password), u.Expected.Code, expected)
			if seed != "postgres" {
				continue // the same code made the rest of it
			}
			check("E-MAIL, password", byEmail(strings.ToUpper(u.Email), u.Password), u.Expected.Code, expected)
			check("e-mail, wrong password", byEmail(u.Email, string(near)), refused, auth.ErrLoginRefused)
			if u.EmailTyped != "" {
				check("e-mail as typed, password", byEmail(u.EmailTyped, u.Password), u.Expected.Code, expected)
			}
			if u.Username != "" {
				check("user name, password", byUsername(u.Username, u.Password), u.Expected.Code, expected)
				check("USER NAME, password", byUsername(strings.ToUpper(u.Username), u.Password), u.Expected.Code, expected)
				check("display name, password", byUsername(u.DisplayName, u.Password), u.Expected.Code, expected)
				check("user name, wrong password", byUsername(u.Username, string(near)), refused, auth.ErrLoginRefused)
			}
			for _, p := range u.Equivalents {
				check("e-mail, another spelling", byEmail(u.Email, p), u.Expected.Code, expected)
			}
			for _, p := range u.MustFail {
				check("e-mail, a spelling that is none", byEmail(u.Email, p), refused, auth.ErrLoginRefused)
			}
		}
	}
}

// The unit is that of JavaScript's strings, in which a dragon is two.
func TestPasswordsAreAsLongAsTheWebsiteLetsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	w.fits = func(string, string) bool { return false }
	for _, c := range []struct {
		what, password string
		want           error
	}{
		{"empty", "", auth.ErrLoginRefused},
		{"shorter than at sign-up", "short", auth.ErrLoginRefused},
		{"128 letters", strings.Repeat("ä", 128), auth.ErrLoginRefused},
		{"129 letters", strings.Repeat("ä", 129), errs.Invalid("password", "")},
		{"64 dragons", strings.Repeat("🐉", 64), auth.ErrLoginRefused},
		{"65 dragons", strings.Repeat("🐉", 65), errs.Invalid("password", "")},
		{"more than any website has", strings.Repeat("x", 4097), errs.Invalid("password", "")},
	} {
		_, err := w.VerifyPassword(t.Context(), byUsername("ada", c.password))
		want(t, c.what, err, c.want)
	}
}
