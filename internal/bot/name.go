package bot

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// characterName makes a name that every rule of names should take: 4 to 20
// ASCII letters and digits, a letter first. The first tries keep the account's
// name readable; further ones differ more, and the last hold none of it, in
// case a part of it is what the server does not allow.
func characterName(user string, try int) string {
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, user)
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", user, try)
	sum := fmt.Sprintf("%016x", h.Sum64())
	switch {
	case try == 0 && readable != "":
		return "Bot" + readable[:min(len(readable), 17)]
	case try < nameTries/2:
		return "Bot" + readable[:min(len(readable), 9)] + sum[:8]
	default:
		return "Bot" + sum[:12]
	}
}
