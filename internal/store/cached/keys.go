package cached

import (
	"encoding/hex"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
)

const (
	userPrefix      = "user:"
	sessionPrefix   = "session:"
	tokenPrefix     = "session:token:"
	characterPrefix = "character:"
)

func userKey(id string) string { return userPrefix + id }

// Names and addresses are used as keys in the spelling of the request: another
// spelling may find another user.
func usernameKey(name string) string { return "user:username:" + digest(name) }
func emailKey(email string) string   { return "user:email:" + digest(email) }

func sessionKey(id string) string              { return sessionPrefix + id }
func characterKey(id store.CharacterID) string { return characterPrefix + id.String() }
func listKey(userID string) string             { return "character:list:" + userID }

// tokenKey contains the digest in binary; sharedKey writes it in hexadecimal.
func tokenKey(d store.Digest) string {
	var b [len(tokenPrefix) + len(d)]byte
	copy(b[copy(b[:], tokenPrefix):], d[:])
	return string(b[:])
}

// sharedKey is the name of a key in a cache that other origins may use too.
func (r *rules) sharedKey(key string) string {
	if d, ok := strings.CutPrefix(key, tokenPrefix); ok && len(d) == len(store.Digest{}) {
		key = tokenPrefix + hex.EncodeToString([]byte(d))
	}
	return r.origin + ":" + key
}

func digest(s string) string {
	d := store.DigestOf(s)
	return hex.EncodeToString(d[:])
}
