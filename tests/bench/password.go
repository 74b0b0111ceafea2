package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/crypto/scrypt"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
)

// The password of every warm user, and its hash as the website keeps it.
const (
	password = "correct horse battery staple"
	salt     = "000102030405060708090a0b0c0d0e0f"
)

// hashOnce computes the website's hash of a password.
func hashOnce() ([]byte, error) { return scrypt.Key([]byte(password), []byte(salt), 16384, 16, 1, 64) }

// passwordsSQL gives the warm users their password.
func (e *environment) passwordsSQL() (string, error) {
	key, err := hashOnce()
	return fmt.Sprintf(`INSERT INTO public.account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
		SELECT md5('account' || i), md5('user' || i), 'credential', md5('user' || i), '%s:%s', now(), now()
		FROM generate_series(0, %d) i`, salt, hex.EncodeToString(key), e.warm-1), err
}

// username is the name of user number i, address one in a network of its own.
func username(i int) string { return "player_" + strconv.Itoa(i) }

func address(i int) string { return fmt.Sprintf("10.%d.%d.7", i>>8&255, i&255) }

// signsIn is a right password in each call, of a user and from a network that
// are never tried twice at once, so that no limit holds and nobody waits in a
// line for long.
func (b *bench) signsIn(c *clients, crowd int) side {
	services := c.services()
	return side{name: "VerifyPassword", call: func(ctx context.Context, caller, n int) error {
		i := (caller + n*crowd) % b.warm
		resp, err := services[caller%connections].VerifyPassword(ctx, &authv1.VerifyPasswordRequest{
			User: &authv1.VerifyPasswordRequest_Username{Username: username(i)}, Password: password, Address: address(i),
		})
		if err == nil && resp.GetUser().GetId() != userID(i) {
			err = fmt.Errorf("%s is user %s, and not %s", username(i), resp.GetUser().GetId(), userID(i))
		}
		return err
	}}
}

// hashes is the hash alone, as many at once as there are cores.
func hashes() side {
	cores := make(chan struct{}, runtime.NumCPU())
	return side{name: "the hash alone", call: func(context.Context, int, int) error {
		cores <- struct{}{}
		defer func() { <-cores }()
		_, err := hashOnce()
		return err
	}}
}

// everyCore lets the auth part hash on all cores.
func everyCore() string { return "AUTH_HASH_WORKERS=" + strconv.Itoa(runtime.NumCPU()) }

// passwordCallers are enough to leave no core without a hash. With more, a slice
// would last until all of them had theirs.
const passwordCallers = 16

// passwords measures how many passwords are judged against what the hash alone
// allows.
func (b *bench) passwords(ctx context.Context) (err error) {
	const name = "auth password"
	if !b.wanted(name) {
		return nil
	}
	// One side is computed here, and is to be as anybody's.
	defer debug.SetGCPercent(debug.SetGCPercent(defaultGCPercent))
	b.say("starting the auth part with %s", everyCore())
	d, err := b.together(ctx, everyCore())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	b.report.notes = append(b.report.notes, fmt.Sprintf("%s: %d callers; `%s`, as many as there are cores.", name, passwordCallers, everyCore()))
	return b.compare(ctx, ratio{name: name, target: 0.95, callers: passwordCallers}, b.signsIn(d.clients, passwordCallers), hashes())
}
