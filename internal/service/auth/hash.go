package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost of the slow hash, argon2id: 19 MiB, two passes, one lane. OWASP
// recommends this for machines that do other work too.
const (
	hashTime    = 2
	hashMemory  = 19 * 1024 // KiB
	hashThreads = 1
	hashSalt    = 16 // bytes
	hashKey     = 32 // bytes
)

// Bounds of what verify computes. A stored hash beyond them never fits, so that
// no row can make a sign-in take gigabytes or minutes.
const (
	maxHashTime    = 16
	maxHashMemory  = 256 * 1024 // KiB
	maxHashThreads = 16
	minHashSalt    = 8  // bytes
	minHashKey     = 16 // bytes: a shorter key would fit other forms by chance
	maxHashSize    = 64 // bytes, of salt and key each
)

// slowHash returns the argon2id hash of a client form with a fresh salt in the
// PHC format: $argon2id$v=19$m=19456,t=2,p=1$SALT$KEY, base64 without padding.
func slowHash(form string) string {
	salt := make([]byte, hashSalt)
	_, _ = rand.Read(salt) // never fails
	return phc(salt, argon2.IDKey([]byte(form), salt, hashTime, hashMemory, hashThreads, hashKey))
}

// dummyHash returns what slowHash could have, but of no form: its key is random.
// To verify it costs the same.
func dummyHash() string {
	random := make([]byte, hashSalt+hashKey)
	_, _ = rand.Read(random) // never fails
	return phc(random[:hashSalt], random[hashSalt:])
}

// phc writes a hash with the costs of slowHash.
func phc(salt, key []byte) string {
	return params{memory: hashMemory, time: hashTime, threads: hashThreads}.header() +
		base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
}

// params is the cost that a hash was computed with.
type params struct {
	memory, time uint32
	threads      uint8
}

// header is everything in front of the salt.
func (p params) header() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, p.memory, p.time, p.threads)
}

// parseHash splits a stored hash. It returns false for another shape, and for a
// cost out of bounds.
func parseHash(hash string) (p params, salt, key []byte, ok bool) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		return p, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, nil, nil, false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	ok = saltErr == nil && keyErr == nil &&
		strings.HasPrefix(hash, p.header()) && // nothing in addition to what was read
		p.time >= 1 && p.time <= maxHashTime && p.memory <= maxHashMemory &&
		p.threads >= 1 && p.threads <= maxHashThreads &&
		len(salt) >= minHashSalt && len(salt) <= maxHashSize &&
		len(key) >= minHashKey && len(key) <= maxHashSize
	return p, salt, key, ok
}

// verify reports whether a client form is the one that was hashed.
func verify(hash, form string) bool {
	p, salt, want, ok := parseHash(hash)
	if !ok {
		return false
	}
	got := argon2.IDKey([]byte(form), salt, p.time, p.memory, p.threads, uint32(len(want))) //nolint:gosec // at most maxHashSize
	return subtle.ConstantTimeCompare(got, want) == 1
}
