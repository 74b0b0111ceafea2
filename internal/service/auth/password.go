package auth

import (
	"context"
	"crypto/md5" //nolint:gosec // what the client sends
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Bounds of a game password, bytes.
const (
	MinPassword = 8
	MaxPassword = 64
)

// ClientForm returns what the game client sends for a typed password: its MD5
// in lower-case hexadecimal, 32 characters. The form is enough to sign in, so
// it is stored under a slow hash like a password.
func ClientForm(password string) string {
	sum := md5.Sum([]byte(password)) //nolint:gosec // the client's own form
	return hex.EncodeToString(sum[:])
}

// isClientForm reports whether a secret can be the MD5 form of a password.
func isClientForm(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == secretSize && s == strings.ToLower(s)
}

// CheckGamePassword returns an error if a password cannot be used in the
// client: it must have 8 to 64 bytes and no control characters. Letters beyond
// ASCII are accepted, but a client with another code page than UTF-8 sends
// another form for them.
func CheckGamePassword(password string) error {
	if n := len(password); n < MinPassword || n > MaxPassword {
		return errs.Invalid("password", fmt.Sprintf("must be %d to %d bytes long", MinPassword, MaxPassword))
	}
	if strings.ContainsFunc(password, unicode.IsControl) {
		return errs.Invalid("password", "must not contain control characters")
	}
	return nil
}

// HashGamePassword checks a password by CheckGamePassword and returns the slow
// hash of its client form, for store.GameAccount. It takes about 20 ms of one
// core.
func HashGamePassword(password string) (string, error) {
	if err := CheckGamePassword(password); err != nil {
		return "", err
	}
	return slowHash(ClientForm(password)), nil
}

// VerifyGamePassword reports whether a typed password is the one of a hash by
// HashGamePassword.
func VerifyGamePassword(hash, password string) bool { return verify(hash, ClientForm(password)) }

// setPassword is the queue in which changes of passwords by a fresh session wait
// for the hash: they come from the website, not from a player's network.
const setPassword = "set-password"

// SetGamePassword sets a game password, or removes it if the new one is empty.
// It asks for the user's current password of the website, or for a fresh
// session. Everything else in the game account stays.
func (s *Server) SetGamePassword(ctx context.Context, r *authv1.SetGamePasswordRequest) (*authv1.SetGamePasswordResponse, error) {
	if r.GetPassword() != "" {
		if err := CheckGamePassword(r.GetPassword()); err != nil {
			return nil, err
		}
	}
	hash, err := s.confirmed(ctx, r)
	if err != nil {
		s.refused(ctx, "change of a game password refused", err, slog.String("user_id", r.GetUserId()))
		return nil, err
	}
	// Read after the hash was computed: so the time is short in which this call
	// could overwrite the change of another writer.
	a := store.GameAccount{UserID: r.GetUserId()}
	switch old, err := s.store.GetGameAccount(ctx, r.GetUserId()); {
	case err == nil:
		a = *old
	case !errors.Is(err, store.ErrGameAccountNotFound):
		return nil, err
	}
	a.PasswordHash = hash
	if err := s.store.SetGameAccount(ctx, a); err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "game password changed", slog.String("user_id", a.UserID), slog.Bool("removed", hash == ""))
	return &authv1.SetGamePasswordResponse{}, nil
}
