package cached_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/cached"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// fill gives every field of a struct a value of its own.
func fill(t testing.TB, v reflect.Value, n *int) {
	t.Helper()
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 1, 1, 0, 0, *n, *n*1000, time.UTC)))
		return
	}
	if v.Type() == reflect.TypeFor[store.Inventory]() { // its numbers are judged when it is read
		v.Set(reflect.ValueOf(store.Inventory{{
			ID: store.ItemID(*n) << 33, Place: 7, Type: store.ItemWeapon, Number: 202, Quantity: 1, Crafted: true, Gem: 301,
			Durability: 43, Life: 987, Socket: true, Appraised: true, Grade: 4,
		}}))
		return
	}
	if v.Type() == reflect.TypeFor[store.Hotbar]() { // as are those of what lies on it
		v.Set(reflect.ValueOf(store.Hotbar{0: {Kind: store.HotbarSkill, Index: 119}, 31: {Kind: store.HotbarEmote, Index: 2047}}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d ünï 🐉", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint(uint64(*n))
	case reflect.Int64:
		v.SetInt(int64(*n) << 33)
	case reflect.Float32:
		v.SetFloat(float64(*n) + 0.25)
	default:
		t.Fatalf("a field of kind %s: teach the cache and this test to carry it", v.Kind())
	}
}

// Every field of a type of the contract has to come out of the cache as it went
// in, also one that is added tomorrow.
func TestEveryFieldGoesThroughTheCache(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t, sharedOnly), testContext(t)
	var u store.User
	var s store.Session
	var c store.Character
	n := 0
	for _, v := range []any{&u, &s, &c} {
		fill(t, reflect.ValueOf(v).Elem(), &n)
	}
	s.UserID, c.ID, c.UserID = u.ID, 7, u.ID
	s.ExpiresAt = b.clock.Now().Add(time.Hour + time.Nanosecond)
	u.Banned, u.BanExpiresAt = true, b.clock.Now().Add(-time.Second)
	c.DeleteAt = b.clock.Now().Add(time.Minute)
	b.rows.edit(func(r *rows) {
		r.users = map[string]store.User{u.ID: u}
		r.sessions = map[string]store.Session{"t": s}
		r.characters = map[store.CharacterID]store.Character{7: c}
	})
	look := func() {
		gotSession, gotUser, err := b.GetSession(ctx, "t", store.Cached)
		wantErr(t, err, nil)
		got := []any{*gotSession, *gotUser, *must[*store.Character](t)(b.GetCharacter(ctx, 7, store.Cached))}
		if d := cmp.Diff([]any{s, u, c}, got); d != "" {
			t.Errorf("(-stored +read):\n%s", d)
		}
	}
	b.settle(t, 4, look) // from the store
	look()               // from the shared cache
	b.wantCalls(t, faultstore.ReadSession, 1)
	b.wantCalls(t, faultstore.ReadCharacter, 1)
}

// layouts are the fingerprints of the messages in the cache, by layout. When a
// message changes, raise layout in codec.go and add its fingerprint here: until
// then, binaries of before and after misread each other's values.
func layouts() map[byte]string {
	return map[byte]string{4: "25f4741057eeb7d1", 5: "a475b222826979ef"}
}

func TestAChangedMessageNeedsANewLayout(t *testing.T) {
	t.Parallel()
	if got := fingerprint(); got != layouts()[cached.Layout] {
		t.Errorf("the messages in the cache have the fingerprint %q, but layout %d means %q: raise layout in codec.go and put the new fingerprint here",
			got, cached.Layout, layouts()[cached.Layout])
	}
}

// fingerprint digests the fields of all messages that are cached.
func fingerprint() string {
	var lines []string
	seen := map[protoreflect.FullName]bool{}
	var walk func(protoreflect.MessageDescriptor)
	walk = func(m protoreflect.MessageDescriptor) {
		if seen[m.FullName()] {
			return
		}
		seen[m.FullName()] = true
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			lines = append(lines, fmt.Sprintf("%s %d %s %s", f.FullName(), f.Number(), f.Cardinality(), f.Kind()))
			if f.Message() != nil {
				walk(f.Message())
			}
		}
	}
	for _, m := range []proto.Message{&databasev1.User{}, &databasev1.Session{}, &databasev1.Character{}} {
		walk(m.ProtoReflect().Descriptor())
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:8])
}

// Whatever stands in the cache, the answer is the store's.
func FuzzValues(f *testing.F) {
	b := setup(f, sharedOnly)
	b.settle(f, 2, func() { must[*store.User](f)(b.GetUserByUsername(f.Context(), "ada", store.Cached)) })
	b.settle(f, 3, func() {
		_, _, err := b.GetSession(f.Context(), "token-1", store.Cached)
		wantErr(f, err, nil)
	})
	b.settle(f, 3, func() { must[[]*store.Character](f)(b.ListCharacters(f.Context(), "u1", true, store.Cached)) })
	for _, v := range b.cache.values {
		f.Add(v.value)
	}
	keys := b.cache.keys()
	f.Fuzz(func(t *testing.T, value []byte) {
		b.cache.with(func(m *memory) {
			for _, key := range keys {
				m.values[key] = held{value, 0}
			}
		})
		ctx := context.Background()
		if u, err := b.GetUserByUsername(ctx, "ada", store.Cached); err != nil || u.ID != "u1" {
			t.Errorf("GetUserByUsername: %+v, %v", u, err)
		}
		if s, u, err := b.GetSession(ctx, "token-1", store.Cached); err != nil || s.ID != "s1" || u.ID != "u1" {
			t.Errorf("GetSession: %+v, %+v, %v", s, u, err)
		}
		if l, err := b.ListCharacters(ctx, "u1", true, store.Cached); err != nil || len(l) != 2 {
			t.Errorf("ListCharacters: %v, %v", l, err)
		}
	})
}

func BenchmarkGetUser(b *testing.B) {
	env := setup(b)
	for name, c := range map[string]store.Consistency{"warm": store.Cached, "fresh": store.Fresh} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := env.GetUser(b.Context(), "u1", c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := env.GetUser(context.Background(), "u1", store.Cached); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

var _ cached.Cache = (*memory)(nil)
