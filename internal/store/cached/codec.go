package cached

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// A record in the shared cache is
//
//	0..15   rank: the snapshot's Xmax in decimal, with leading zeros
//	16      layout
//	17      kind
//	18..33  HMAC-SHA-256, the first half, of all the rest and the name it is under
//	34..41  when it was read, milliseconds since 1970, big endian
//	42..    the snapshot it was read under, then the body
//
// The body of a record is its protobuf message, of a session after the 32 bytes
// of the token's digest; of an id its text; of a list four bytes for each
// character id, big endian. A value that differs in any of this is a miss. Only
// a process with the signing key can make one, so everything in it comes from a
// database part.
const (
	// layout has to be raised when a message in a body gains, loses or changes a
	// field: binaries of both layouts may share a Redis.
	layout = 5

	rankSize   = 16
	layoutAt   = rankSize
	kindAt     = layoutAt + 1
	sealAt     = kindAt + 1
	readAt     = sealAt + sealSize
	headerSize = readAt + 8
)

type kind byte

const (
	kindUser      kind = 'u'
	kindSession   kind = 's'
	kindCharacter kind = 'c'
	kindID        kind = 'i' // of a user
	kindToken     kind = 't' // ids of a session and its user
	kindList      kind = 'l'
	kindAbsent    kind = 0 // in process only
)

// record is what is kept under one key. All readers share it. Except for
// resident, it never changes after it was kept.
//
// The fields that an answer needs come first: there are many records, most of
// them are not in the processor's cache, and each cache line that has to be
// fetched from memory costs more than the look-up.
type record struct {
	kind  kind
	begun uint64 // number of the load in this process
	// until is when the record is no longer an answer, microseconds since 1970
	// by Config.Now; 0 for never. For a character it is when it may be purged;
	// for a whole entry of a token, when the session ends.
	until int64
	// joined is set for a whole entry of a token: it says whether the session
	// and the user in the entry are still kept.
	joined [2]*atomic.Bool
	// wire is user, session or character as an encoded message, as they are sent
	// and stored in the shared cache; empty if they cannot be encoded. A whole
	// entry of a token has the session and its user.
	wire storepb.Wire

	loaded   int64          // when the load began; 0 for a record from the shared cache
	resident *atomic.Bool   // whether the record is kept in the process
	snapshot store.Snapshot // that the load saw
	read     time.Time      // when, by this or another process's clock
	ttl      time.Duration  // from when it is kept here
	ends     int64          // when that is over, by the guard's clock

	user      *store.User
	session   *store.Session
	token     store.Digest // of session: the contract's type carries no token
	character *store.Character
	// changed is where the last change of the character's user is noted.
	changed *atomic.Uint64

	id    string // of a user or a session
	owner string // of the session that id names

	idKey, ownerKey string // of kindToken: where the records of id and owner are

	list []store.CharacterID

	table store.Table // of kindAbsent
	err   error       // of kindAbsent: how the contract says it
}

// entry is a record and its key.
type entry struct {
	key    string
	record *record
}

func userRecord(u *store.User) *record {
	return &record{kind: kindUser, user: u, wire: encoded(storepb.UserPB(u)), resident: new(atomic.Bool)}
}

func sessionRecord(s *store.Session, token store.Digest) *record {
	return &record{kind: kindSession, session: s, token: token, wire: encoded(storepb.SessionPB(s)), resident: new(atomic.Bool)}
}

func characterRecord(c *store.Character) *record {
	return &record{kind: kindCharacter, character: c, wire: encoded(storepb.CharacterPB(c)), until: instant(c.DeleteAt)}
}

// instant returns a time as record.until has it.
func instant(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// standsUnder reports whether a record can belong to a key, by its content.
func (r *record) standsUnder(key string) bool {
	switch r.kind {
	case kindUser:
		return key == userKey(r.user.ID)
	case kindSession:
		return key == sessionKey(r.session.ID)
	case kindCharacter:
		return key == characterKey(r.character.ID)
	default:
		return true
	}
}

func userEntry(r *record) entry { return entry{userKey(r.user.ID), r} }

func sessionEntry(r *record) entry { return entry{sessionKey(r.session.ID), r} }

func tokenEntry(s *store.Session, token store.Digest) entry {
	r := &record{kind: kindToken}
	r.leadTo(s.ID, s.UserID)
	return entry{tokenKey(token), r}
}

// leadTo sets the ids of a session and its user, and their keys. Keys and ids
// share the same memory.
func (r *record) leadTo(id, owner string) {
	r.idKey, r.ownerKey = sessionKey(id), userKey(owner)
	r.id, r.owner = r.idKey[len(sessionPrefix):], r.ownerKey[len(userPrefix):]
}

func characterEntry(r *record) entry { return entry{characterKey(r.character.ID), r} }

func idEntry(key, id string) entry { return entry{key, &record{kind: kindID, id: id}} }

func listEntry(userID string, list []*record) entry {
	ids := make([]store.CharacterID, len(list))
	for i, r := range list {
		ids[i] = r.character.ID
	}
	return entry{listKey(userID), &record{kind: kindList, list: ids}}
}

func absentEntry(key string, table store.Table, err error) entry {
	return entry{key, &record{kind: kindAbsent, table: table, err: err}}
}

// recordOverhead is the weight of a record in addition to its text, in bytes:
// structs, and the memory of the cache itself.
const recordOverhead = 640

// wireOverhead is the weight of a wire form in addition to its bytes.
const wireOverhead = 128

// weight returns about how much memory the record takes, in bytes.
func (r *record) weight() int {
	n := recordOverhead + len(r.id) + len(r.owner) + 4*len(r.list) + 8*len(r.snapshot.Xip)
	if size := r.wire.Size(); size > 0 {
		n += wireOverhead + size
	}
	if u := r.user; u != nil {
		n += len(u.ID) + len(u.Name) + len(u.Username) + len(u.DisplayUsername) + len(u.Email) +
			len(u.Image) + len(u.Role) + len(u.BanReason)
	}
	if s := r.session; s != nil {
		n += len(s.ID) + len(s.UserID) + len(s.IPAddress) + len(s.UserAgent) + len(s.ImpersonatedBy)
	}
	if c := r.character; c != nil {
		n += len(c.UserID) + len(c.Name)
	}
	return n
}

// encode returns the form for the shared cache under a name. For a record
// without a wire form the result has no id, so it answers nothing.
func (r *record) encode(by *sealer, name string) []byte {
	b := make([]byte, headerSize, headerSize+256)
	copy(b, fmt.Sprintf("%0*d", rankSize, r.snapshot.Xmax))
	b[layoutAt], b[kindAt] = layout, byte(r.kind)
	binary.BigEndian.PutUint64(b[readAt:], uint64(r.read.UnixMilli())) //nolint:gosec // after 1970
	b = r.snapshot.AppendBinary(b)
	switch r.kind {
	case kindUser, kindCharacter:
		b = append(b, r.wire.Bytes()...)
	case kindSession:
		b = append(append(b, r.token[:]...), r.wire.Bytes()...)
	case kindID:
		b = append(b, r.id...)
	case kindToken:
		b = binary.AppendUvarint(b, uint64(len(r.id)))
		b = append(append(b, r.id...), r.owner...)
	case kindList:
		for _, id := range r.list {
			b = binary.BigEndian.AppendUint32(b, uint32(id))
		}
	case kindAbsent:
		return nil
	}
	by.seal(name, b)
	return b
}

// encoded returns a message's wire form, none if it has none: text that is not
// UTF-8 cannot be encoded.
func encoded(m proto.Message) storepb.Wire {
	w, err := storepb.Encode(m)
	if err != nil {
		return storepb.Wire{}
	}
	return w
}

// foreign reports whether a value is not of this layout, or not signed for the
// name.
func foreign(by *sealer, name string, b []byte) bool {
	return len(b) < headerSize || b[layoutAt] != layout || !by.sealed(name, b)
}

// decodeRecord reads what encode wrote.
func decodeRecord(b []byte) (*record, bool) {
	r := &record{kind: kind(b[kindAt])}
	r.read = time.UnixMilli(int64(binary.BigEndian.Uint64(b[readAt:]))) //nolint:gosec // any value is a time
	snapshot, body, ok := store.DecodeSnapshot(b[headerSize:])
	if !ok {
		return nil, false
	}
	r.snapshot = snapshot
	return r, r.decodeBody(body)
}

func (r *record) decodeBody(body []byte) bool {
	switch r.kind {
	case kindUser:
		var m databasev1.User
		if proto.Unmarshal(body, &m) != nil {
			return false
		}
		r.user, r.wire, r.resident = storepb.User(&m), storepb.WireOf(body), new(atomic.Bool)
	case kindSession:
		var m databasev1.Session
		if len(body) < len(r.token) {
			return false
		}
		body = body[copy(r.token[:], body):]
		if proto.Unmarshal(body, &m) != nil {
			return false
		}
		r.session, r.wire, r.resident = storepb.Session(&m), storepb.WireOf(body), new(atomic.Bool)
	case kindCharacter:
		var m databasev1.Character
		if proto.Unmarshal(body, &m) != nil {
			return false
		}
		c, err := storepb.Character(&m)
		if err != nil {
			return false
		}
		r.character, r.wire, r.until = c, storepb.WireOf(body), instant(c.DeleteAt)
	case kindID:
		r.id = string(body)
		return r.id != ""
	case kindToken:
		n, size := binary.Uvarint(body)
		if size <= 0 || n == 0 || n >= uint64(len(body)) || len(body)-size <= int(n) { //nolint:gosec // bounded by the body
			return false
		}
		r.leadTo(string(body[size:size+int(n)]), string(body[size+int(n):])) //nolint:gosec // likewise
	case kindList:
		if len(body)%4 != 0 {
			return false
		}
		for ; len(body) > 0; body = body[4:] {
			r.list = append(r.list, store.CharacterID(binary.BigEndian.Uint32(body)))
		}
	default:
		return false
	}
	return true
}
