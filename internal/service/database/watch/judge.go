package watch

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/waystone-mmo/waystone/internal/store"
)

// maxIDLen is the longest identifier that is passed on, bytes: 128 characters.
// The contract accepts no longer one, so no watcher can hold such a session or
// user.
const maxIDLen = 128 * utf8.UTFMax

// judge turns changes into events. It remembers which users are banned, for
// feeds that do not report how a row was before.
type judge struct {
	now    func() time.Time
	max    int                 // users remembered
	banned map[string]struct{} // may have forgotten some
}

// event returns what a change of one row means for watchers; false if it means
// nothing.
func (j *judge) event(c store.Change) (store.Event, bool) {
	if len(c.ID) > maxIDLen || len(c.UserID) > maxIDLen {
		return store.Event{}, false
	}
	// An id that is not UTF-8 could never be sent.
	c.ID, c.UserID = strings.ToValidUTF8(c.ID, "\uFFFD"), strings.ToValidUTF8(c.UserID, "\uFFFD")
	switch c.Table {
	case store.TableSession:
		return j.session(c), true
	case store.TableUser:
		return j.user(c), true
	case store.TableAccount:
		// A first password is no change of one.
		return store.Event{Kind: store.PasswordChanged, UserID: c.UserID}, c.Credential && c.Op != store.OpInsert
	default:
		return store.Event{}, false
	}
}

func (j *judge) session(c store.Change) store.Event {
	e := store.Event{Kind: store.SessionChanged, SessionID: c.ID, UserID: c.UserID, ExpiresAt: c.ExpiresAt}
	switch {
	case c.Op == store.OpDelete:
		e.Kind, e.ExpiresAt = store.SessionRevoked, time.Time{}
	case (&store.Session{ExpiresAt: c.ExpiresAt}).ExpiredAt(j.now()):
		e.Kind = store.SessionExpired
	}
	return e
}

func (j *judge) user(c store.Change) store.Event {
	_, was := j.banned[c.ID]
	if c.WasBanned != nil {
		was = *c.WasBanned
	}
	if c.Op == store.OpDelete {
		delete(j.banned, c.ID)
		return store.Event{Kind: store.UserDeleted, UserID: c.ID}
	}
	e := store.Event{Kind: store.UserChanged, UserID: c.ID, Banned: c.Banned, BanExpiresAt: c.BanExpiresAt}
	switch {
	case (&store.User{Banned: c.Banned, BanExpiresAt: c.BanExpiresAt}).BannedAt(j.now()):
		e.Kind = store.UserBanned
	case !c.Banned && was && c.Op == store.OpUpdate:
		e.Kind = store.UserUnbanned
	}
	j.remember(c.ID, c.Banned)
	return e
}

// remember notes what the row says now. If there is no room, it forgets any
// other user. At worst an unban is then reported as a plain change.
func (j *judge) remember(userID string, banned bool) {
	if !banned {
		delete(j.banned, userID)
		return
	}
	if _, there := j.banned[userID]; !there && len(j.banned) >= j.max {
		for id := range j.banned {
			delete(j.banned, id)
			break
		}
	}
	j.banned[userID] = struct{}{}
}

// forget is called when changes may have been missed.
func (j *judge) forget() { clear(j.banned) }
