package store

import (
	"context"
	"errors"
)

// SessionChecker judges sessions; see Sessions.
type SessionChecker interface {
	CheckSessions(ctx context.Context, subjects []SessionSubject) ([]error, error)
}

// CheckPlayers is CheckSessions for those who are in the game: where a session
// is gone, it looks at the user as well. Who bans or deletes a user, or changes
// a password, often deletes the sessions too, and the player is to be told what
// was meant.
func CheckPlayers(ctx context.Context, c SessionChecker, subjects []SessionSubject) ([]error, error) {
	verdicts, err := c.CheckSessions(ctx, subjects)
	if err != nil {
		return nil, err
	}
	var users []SessionSubject
	var at []int // where the verdict on each user belongs
	for i, v := range verdicts {
		if errors.Is(v, ErrSessionNotFound) {
			users, at = append(users, SessionSubject{UserID: subjects[i].UserID, Stamp: subjects[i].Stamp}), append(at, i)
		}
	}
	if len(users) == 0 {
		return verdicts, nil
	}
	more, err := c.CheckSessions(ctx, users)
	if err != nil {
		return nil, err
	}
	for j, v := range more {
		if v != nil {
			verdicts[at[j]] = v
		}
	}
	return verdicts, nil
}
