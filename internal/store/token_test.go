package store_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
)

func TestTokenForms(t *testing.T) {
	t.Parallel()
	for form, want := range map[store.TokenForm]string{
		"":                         "abc",
		store.TokenPlain:           "abc",
		store.TokenSHA256Hex:       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		store.TokenSHA256Base64URL: "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
	} {
		if got := form.Stored("abc"); got != want || !form.Known() {
			t.Errorf("%q: got %q, known %v; want %q", form, got, form.Known(), want)
		}
	}
	if store.TokenForm("md5").Known() {
		t.Error("md5 is known")
	}
}
