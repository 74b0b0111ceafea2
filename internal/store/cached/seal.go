package cached

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"sync"
)

const (
	// KeySize is the size of Config.Key, bytes.
	KeySize = 32
	// sealSize is how many bytes of the HMAC a value carries: 2^128 possible
	// signatures are too many to try.
	sealSize = 16
)

var errKey = errors.New("the key of the shared cache has to have 32 bytes")

// sealer signs values for the shared cache, each together with its name. So a
// value that others wrote, changed, or moved to another name is recognized. An
// old value of ours is not recognized by its signature, but refused because of
// its snapshot. The states of the hash are reused: to create one costs more
// than to sign most values.
type sealer struct{ states sync.Pool }

type sealState struct {
	mac  hash.Hash
	name []byte
	sum  [sha256.Size]byte
}

func newSealer(key []byte) (*sealer, error) {
	if len(key) != KeySize {
		return nil, errKey
	}
	key = append([]byte(nil), key...)
	return &sealer{sync.Pool{New: func() any { return &sealState{mac: hmac.New(sha256.New, key)} }}}, nil
}

// seal writes the signature of a value into its place in the value. The
// signature covers everything except that place.
func (s *sealer) seal(name string, value []byte) {
	st := s.states.Get().(*sealState) //nolint:forcetypeassert // nothing else is put
	copy(value[sealAt:readAt], st.of(name, value))
	s.states.Put(st)
}

// sealed reports whether a value carries the signature for a name.
func (s *sealer) sealed(name string, value []byte) bool {
	st := s.states.Get().(*sealState) //nolint:forcetypeassert // nothing else is put
	ok := hmac.Equal(value[sealAt:readAt], st.of(name, value))
	s.states.Put(st)
	return ok
}

// of returns the signature, which is valid until the state is used again. The
// header has a fixed length, so name and value can be separated in only one
// way.
func (st *sealState) of(name string, value []byte) []byte {
	st.mac.Reset()
	st.mac.Write(value[:sealAt])
	st.mac.Write(value[readAt:headerSize])
	st.name = append(binary.AppendUvarint(st.name[:0], uint64(len(name))), name...)
	st.mac.Write(st.name)
	st.mac.Write(value[headerSize:])
	return st.mac.Sum(st.sum[:0])[:sealSize]
}
