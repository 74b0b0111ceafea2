package auth_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/service/auth"
)

func TestHashSitePassword(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-f]{32}:[0-9a-f]{128}$`)
	hashes := map[string]bool{}
	for _, password := range []string{"12345678", "ﬁsh & chips", strings.Repeat("ü", 128), strings.Repeat("😀", 64), "12345678"} {
		hash, err := auth.HashSitePassword(password)
		if err != nil || !form.MatchString(hash) || !auth.VerifySitePassword(hash, password) {
			t.Errorf("%q: %s, %v", password, hash, err)
		}
		if auth.VerifySitePassword(hash, password+"x") {
			t.Errorf("%q: another password fits", password)
		}
		hashes[hash] = true
	}
	if len(hashes) != 5 {
		t.Error("the same password twice has the same salt")
	}
	if hash, _ := auth.HashSitePassword("ﬁsh & chips"); !auth.VerifySitePassword(hash, "fish & chips") {
		t.Error("another spelling of the same letters does not fit")
	}
	for _, password := range []string{"", "1234567", strings.Repeat("x", 129), strings.Repeat("😀", 65), "😀😀😀"} {
		if _, err := auth.HashSitePassword(password); errs.KindOf(err) != errs.InvalidArgument {
			t.Errorf("%q: got %v", password, err)
		}
	}
}

func TestVerifyGamePassword(t *testing.T) {
	t.Parallel()
	hash, err := auth.HashGamePassword("correct horse")
	if err != nil || !auth.VerifyGamePassword(hash, "correct horse") || auth.VerifyGamePassword(hash, "battery staple") {
		t.Errorf("%s, %v", hash, err)
	}
}
