package cli

import (
	"fmt"
	"strings"
	"unicode"
)

// Plain returns text of others for a terminal: one line, of most characters at
// most, without limit if most is 0. What moves the cursor, cannot be seen or
// changes the direction of what stands beside it is written as an escape, such as
// \u202e, so that it shows.
func Plain(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; most > 0 && n > most {
			b.WriteString("…")
			break
		}
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}
