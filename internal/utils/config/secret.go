package config

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// mask stands for what is not shown.
const mask = "***"

// secret says how much of a value must not be shown.
type secret int

const (
	notSecret   secret = iota
	wholeSecret        // nothing of it is shown
	urlSecret          // all but the password in it is
)

// mask returns the text as it may be shown. An empty one has nothing to hide.
func (k secret) mask(text string) string {
	switch {
	case k == wholeSecret && text != "":
		return mask
	case k == urlSecret:
		return maskURL(text)
	}
	return text
}

// secretParameter are the parameters of a URL that carry secrets.
var secretParameter = regexp.MustCompile(`(?i)([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&#]*`)

var urlScheme = regexp.MustCompile(`^[a-z][a-z0-9+-]*$`)

// noURL is what a setting says in place of a URL.
const noURL = "none"

// maskURL hides the user's password. The end of it is the last "@" of the whole
// text, since an "@" or "/" in a password is often not percent-encoded. A name
// without a password stays out as well: some services take a token there. What
// is no URL may be anything, a password too.
func maskURL(text string) string {
	if text == "" || text == noURL {
		return text
	}
	scheme, rest, _ := strings.Cut(text, ":")
	if !urlScheme.MatchString(scheme) || rest == "" {
		return mask
	}
	slashes := ""
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		slashes, rest = "//", after
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, _, withPassword := strings.Cut(rest[:at], ":")
		if rest = rest[at:]; withPassword {
			rest = user + ":" + mask + rest
		} else {
			rest = mask + rest
		}
	}
	return scheme + ":" + slashes + secretParameter.ReplaceAllString(rest, "${1}"+mask)
}

// parts returns the pieces of a value that must not be shown.
func (k secret) parts(text string) []string {
	if k == wholeSecret {
		return []string{text}
	}
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		return nil
	}
	var parts []string
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		_, password, _ := strings.Cut(rest[:at], ":")
		plain, _ := url.PathUnescape(password)
		parts = append(parts, text, password, plain)
	}
	return parts
}

// without returns the error of a check with the secret taken out, should the
// check repeat it. Only whole words are taken out: "postgres" as a password must
// not make "postgres://" unreadable.
func (k secret) without(err error, text string) error {
	sentence := err.Error()
	for _, part := range k.parts(text) {
		if part != "" {
			whole := regexp.MustCompile(`(^|[\s"'` + "`" + `(=])` + regexp.QuoteMeta(part) + `($|[\s"'` + "`" + `),.;])`)
			sentence = whole.ReplaceAllString(sentence, "${1}"+mask+"${2}")
		}
	}
	if sentence == err.Error() {
		return err
	}
	return errors.New(sentence)
}
