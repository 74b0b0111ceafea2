package cached

import (
	"encoding/hex"
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
)

const characterPrefix = "character:"

func userKey(id string) string       { return "user:" + id }
func usernameKey(name string) string { return "user:username:" + digest(fold(name)) }
func emailKey(email string) string   { return "user:email:" + digest(fold(email)) }

func sessionKey(id string) string              { return "session:" + id }
func tokenKey(d store.Digest) string           { return "session:token:" + hex.EncodeToString(d[:]) }
func characterKey(id store.CharacterID) string { return characterPrefix + id.String() }
func listKey(userID string) string             { return "character:list:" + userID }

// fold brings names and addresses into the form that they are compared in.
func fold(s string) string { return strings.ToLower(s) }

func digest(s string) string {
	d := store.DigestOf(s)
	return hex.EncodeToString(d[:])
}
