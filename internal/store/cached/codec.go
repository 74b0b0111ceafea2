package cached

import (
	"encoding/binary"
	"hash/crc32"

	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// A value is
//
//	0      layout
//	1      kind
//	2..5   CRC-32C of layout, kind and body, big endian
//	6..    body
//
// The body of a record is its protobuf message, of a session after the 32
// bytes of the token's digest; of an id its text; of a list four bytes for each
// character id, big endian. A value that differs in any of this is a miss.
const (
	// layout has to be raised when a message in a body gains, loses or changes a
	// field: binaries of both layouts may share a Redis.
	layout     = 2
	headerSize = 6
)

type kind byte

const (
	kindUser      kind = 'u'
	kindSession   kind = 's'
	kindCharacter kind = 'c'
	kindID        kind = 'i'
	kindList      kind = 'l'
)

// sessionRecord is a cached session: the type of the contract carries no token
// to compare with.
type sessionRecord struct {
	session store.Session
	token   store.Digest
}

func userEntry(u *store.User) entry {
	return entry{userKey(u.ID), seal(kindUser, message(nil, storepb.UserPB(u)))}
}

func sessionEntry(s *store.Session, token store.Digest) entry {
	return entry{sessionKey(s.ID), seal(kindSession, message(token[:], storepb.SessionPB(s)))}
}

func characterEntry(c *store.Character) entry {
	return entry{characterKey(c.ID), seal(kindCharacter, message(nil, storepb.CharacterPB(c)))}
}

func idEntry(key, id string) entry { return entry{key, seal(kindID, []byte(id))} }

func listEntry(key string, ids []store.CharacterID) entry {
	body := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		body = binary.BigEndian.AppendUint32(body, uint32(id))
	}
	return entry{key, seal(kindList, body)}
}

func decodeUser(b []byte) (store.User, bool) {
	var m databasev1.User
	if body, ok := unseal(kindUser, b); !ok || proto.Unmarshal(body, &m) != nil {
		return store.User{}, false
	}
	return *storepb.User(&m), true
}

func decodeSession(b []byte) (rec sessionRecord, ok bool) {
	body, ok := unseal(kindSession, b)
	if !ok || len(body) < len(rec.token) {
		return rec, false
	}
	var m databasev1.Session
	if proto.Unmarshal(body[copy(rec.token[:], body):], &m) != nil {
		return rec, false
	}
	rec.session = *storepb.Session(&m)
	return rec, true
}

func decodeCharacter(b []byte) (store.Character, bool) {
	var m databasev1.Character
	if body, ok := unseal(kindCharacter, b); !ok || proto.Unmarshal(body, &m) != nil {
		return store.Character{}, false
	}
	c, err := storepb.Character(&m)
	if err != nil {
		return store.Character{}, false
	}
	return *c, true
}

func decodeID(b []byte) (string, bool) {
	body, ok := unseal(kindID, b)
	return string(body), ok && len(body) > 0
}

func decodeList(b []byte) ([]store.CharacterID, bool) {
	body, ok := unseal(kindList, b)
	if !ok || len(body)%4 != 0 {
		return nil, false
	}
	ids := make([]store.CharacterID, 0, len(body)/4)
	for ; len(body) > 0; body = body[4:] {
		ids = append(ids, store.CharacterID(binary.BigEndian.Uint32(body)))
	}
	return ids, true
}

// message appends m to prefix. Text that is not UTF-8 has no encoding: what is
// sealed then is a record without an id, which is no answer to anything.
func message(prefix []byte, m proto.Message) []byte {
	b, err := proto.MarshalOptions{}.MarshalAppend(prefix, m)
	if err != nil {
		return nil
	}
	return b
}

// seal puts a header before a body.
func seal(k kind, body []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body))
	b[0], b[1] = layout, byte(k)
	b = append(b, body...)
	binary.BigEndian.PutUint32(b[2:], checksum(b))
	return b
}

// unseal returns the body of a value of kind k.
func unseal(k kind, b []byte) ([]byte, bool) {
	if len(b) < headerSize || b[0] != layout || b[1] != byte(k) || binary.BigEndian.Uint32(b[2:]) != checksum(b) {
		return nil, false
	}
	return b[headerSize:], true
}

func checksum(b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once by the standard library
	return crc32.Update(crc32.Update(0, table, b[:2]), table, b[headerSize:])
}
