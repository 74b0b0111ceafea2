package store

import "crypto/rand"

const idAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// NewID returns an identifier like those of the website: 32 random characters
// of [a-zA-Z0-9], about 190 bits. Play records, and users created by an
// operator, have one.
func NewID() string {
	// Bytes from 248 on are not used: the number of the others is a multiple of
	// 62, so every character is equally likely.
	const limit = 256 - 256%len(idAlphabet)
	id := make([]byte, 0, 32)
	var buf [48]byte
	for {
		// crypto/rand.Read never fails: it ends the process instead.
		_, _ = rand.Read(buf[:])
		for _, b := range buf {
			if int(b) < limit {
				if id = append(id, idAlphabet[int(b)%len(idAlphabet)]); len(id) == cap(id) {
					return string(id)
				}
			}
		}
	}
}
