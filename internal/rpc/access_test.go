package rpc_test

import (
	"slices"
	"testing"

	"github.com/waystone-mmo/waystone/internal/rpc"
)

// TestTheWebsiteMayCallWhatItsPagesNeed and nothing else that is internal.
func TestTheWebsiteMayCallWhatItsPagesNeed(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]bool{
		"waystone.auth.v1.AuthService/IssueTicket":                true,
		"waystone.auth.v1.AuthService/SetGamePassword":            true,
		"waystone.auth.v1.AuthService/Login":                      false,
		"waystone.auth.v1.AuthService/KeepAlive":                  false,
		"waystone.character.v1.CharacterService/ListCharacters":   true,
		"waystone.character.v1.CharacterService/RestoreCharacter": true,
		"waystone.character.v1.CharacterService/DeleteCharacter":  false,
		"waystone.database.v1.AuthStoreService/OpenPlay":          false,
		"waystone.world.v1.WorldService/Connect":                  false,
	} {
		callers, listed := rpc.Callers(method)
		if !listed || slices.Contains(callers, rpc.Website) != want {
			t.Errorf("%s: callers %v, want the website among them: %v", method, callers, want)
		}
	}
	if _, err := rpc.ParseTokens([]string{"website:0123456789abcdef"}); err != nil {
		t.Error(err)
	}
}
