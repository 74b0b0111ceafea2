package cli_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/utils/cli"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 0, ""},
		{"Zoë, 山 – 7", 0, "Zoë, 山 – 7"},
		{"a\x1b[2Jb\tc\nd\x7f", 0, `a\x1b[2Jb\x09c\x0ad\x7f`},
		{"\u009b31m\u202egnp\u200b\U000e0041", 0, `\u009b31m\u202egnp\u200b\U000e0041`},
		{"bad\xffbyte", 0, "bad\ufffdbyte"},
		{"1234", 4, "1234"},
		{"12345", 4, "1234…"},
	} {
		if got := cli.Plain(c.text, c.most); got != c.want {
			t.Errorf("Plain(%q, %d) = %q, want %q", c.text, c.most, got, c.want)
		}
	}
}
