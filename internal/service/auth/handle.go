package auth

import (
	"strings"

	"github.com/waystone-mmo/waystone/internal/store"
)

// maxHandle is the longest name that a link to the launcher can carry.
const maxHandle = 30

// Handle returns the name with which a user signs in: 1 to 30 of [A-Za-z0-9_.], not beginning
// with an underscore, because the client's options do. It is the website's user name if the
// user has one of that shape, otherwise "p." and the first 28 letters and digits of the id.
//
// Two users may have the same handle, because a handle shown with a ticket only
// has to be that of the ticket's owner. Game passwords need a user name of the
// website: the id cannot be found from a handle.
func Handle(u *store.User) string {
	if validHandle(u.Username) {
		return u.Username
	}
	var b strings.Builder
	b.WriteString("p.")
	for i := 0; i < len(u.ID) && b.Len() < maxHandle; i++ {
		if isAlphanumeric(u.ID[i]) {
			b.WriteByte(u.ID[i])
		}
	}
	return b.String()
}

func validHandle(s string) bool {
	if s == "" || len(s) > maxHandle || s[0] == '_' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
