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

func userKey(id string) string       { return userPrefix + id }
func usernameKey(name string) string { return "user:username:" + digest(fold(name)) }
func emailKey(email string) string   { return "user:email:" + digest(fold(email)) }

func sessionKey(id string) string              { return sessionPrefix + id }
func characterKey(id store.CharacterID) string { return characterPrefix + id.String() }
func listKey(userID string) string             { return "character:list:" + userID }

func tokenKey(d store.Digest) string {
	var b [len(tokenPrefix) + 2*len(d)]byte
	hex.Encode(b[copy(b[:], tokenPrefix):], d[:])
	return string(b[:])
}

// fold brings names and addresses into the form that they are compared in.
func fold(s string) string { return strings.ToLower(s) }

func digest(s string) string {
	d := store.DigestOf(s)
	return hex.EncodeToString(d[:])
}
