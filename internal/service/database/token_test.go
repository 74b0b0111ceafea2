package database_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
)

// vectors are tokens and what a real better-auth made of them.
func vectors(t testing.TB) (secret string, sessions []vector) {
	t.Helper()
	var file struct {
		Secret           string
		Postgres, SQLite []struct{ Sessions []vector }
	}
	if err := json.Unmarshal([]byte(betterauth.Read("credentials.json")), &file); err != nil {
		t.Fatal(err)
	}
	for _, u := range append(file.Postgres, file.SQLite...) {
		sessions = append(sessions, u.Sessions...)
	}
	if file.Secret == "" || len(sessions) == 0 {
		t.Fatal("the fixtures have no vectors")
	}
	return file.Secret, sessions
}

type vector struct {
	Token  string `json:"token"`
	Name   string `json:"cookie_name"`
	Cookie string `json:"cookie_value"`
	Bearer string `json:"bearer_signed"`
}

func TestTokensAsBetterAuthMakesThem(t *testing.T) {
	t.Parallel()
	secret, sessions := vectors(t)
	readers := map[string]func(string) (string, bool){
		"no secret":        database.TokenReader(),
		"the secret":       database.TokenReader(secret),
		"a newer secret":   database.TokenReader("newer", secret),
		"the wrong secret": database.TokenReader("wrong"),
	}
	for _, v := range sessions {
		for name, read := range readers {
			for form, presented := range map[string]string{
				"raw": v.Token, "raw bearer": "Bearer " + v.Token,
				"signed": v.Bearer, "encoded": v.Cookie, "bearer": "bEARER   " + v.Bearer, "encoded bearer": "Bearer " + v.Cookie,
				"cookie": v.Name + "=" + v.Cookie, "secure cookie": "__Secure-" + v.Name + "=" + v.Cookie,
				"decoded cookie": v.Name + "=" + v.Bearer, "cookie of another prefix": "game.session_token=" + v.Cookie,
				"all encoded": url.PathEscape(v.Bearer), "blanks after it": "Bearer " + v.Cookie + " ",
			} {
				token, ok := read(presented)
				want := name != "the wrong secret" || strings.HasPrefix(form, "raw")
				if ok != want || ok && token != v.Token {
					t.Errorf("%s, %s, %q: got %q, %v", name, form, presented, token, ok)
				}
			}
		}
	}
}

func TestTokensThatNameNothing(t *testing.T) {
	t.Parallel()
	secret, sessions := vectors(t)
	v := sessions[0]
	flipped := []byte(v.Bearer)
	flipped[len(flipped)-5] ^= 1
	other := sessions[1].Bearer[strings.IndexByte(sessions[1].Bearer, '.'):]
	for form, c := range map[string]struct {
		presented string
		unsigned  bool // taken where no secret is held
	}{
		"empty":               {"", false},
		"blank":               {"  ", false},
		"blank before it":     {" " + v.Token, false},
		"scheme alone":        {"Bearer ", false},
		"another scheme":      {"Basic " + v.Token, false},
		"no signature":        {v.Token + ".", false},
		"no token":            {v.Bearer[strings.IndexByte(v.Bearer, '.'):], false},
		"short signature":     {v.Token + ".badsig", false},
		"another signature":   {v.Token + other, true},
		"a flipped bit":       {string(flipped), true},
		"unpadded":            {strings.TrimSuffix(v.Bearer, "="), false},
		"loose last bits":     {v.Bearer[:len(v.Bearer)-2] + "/=", false},
		"signature twice":     {v.Bearer + ".x", false},
		"broken escape":       {v.Token + "%2", false},
		"escape of a control": {v.Token + "%00", false},
		"too long":            {strings.Repeat("x", 129), false},
		"two cookies":         {v.Name + "=" + v.Cookie + "; a=b", false},
		"another cookie":      {"better-auth.session_data=" + v.Cookie, false},
		"words":               {"' OR 1=1 --", false},
	} {
		if token, ok := database.TokenReader(secret)(c.presented); ok {
			t.Errorf("%s: %q is taken for %q", form, c.presented, token)
		}
		if token, ok := database.TokenReader()(c.presented); ok != c.unsigned {
			t.Errorf("%s, without a secret: %q gives %q, %v", form, c.presented, token, ok)
		}
	}
}

func FuzzToken(f *testing.F) {
	secret, sessions := vectors(f)
	for _, v := range sessions {
		f.Add(v.Token)
		f.Add("Bearer " + v.Bearer)
		f.Add(v.Name + "=" + v.Cookie)
	}
	loose, strict := database.TokenReader(), database.TokenReader(secret)
	f.Fuzz(func(t *testing.T, presented string) {
		token, ok := loose(presented)
		if ok && (token == "" || len(token) > 128 || strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "") {
			t.Errorf("%q gives %q", presented, token)
		}
		if again, ok2 := strict(presented); ok2 && (!ok || again != token) {
			t.Errorf("%q: with the secret %q, without %q, %v", presented, again, token, ok)
		}
		if ok {
			if again, ok := loose(token); !ok || again != token {
				t.Errorf("%q gives %q, which gives %q, %v", presented, token, again, ok)
			}
		}
	})
}
