package store

import (
	"context"
	"errors"
)

// SessionChecker checks sessions; see Sessions.
type SessionChecker interface {
	CheckSessions(ctx context.Context, subjects []SessionSubject) ([]error, error)
}

// CheckPlayers is CheckSessions for players in the game: if a session is gone,
// it checks the user too. A ban, a deletion or a changed password often deletes
// the sessions as well, and the player should be told the real reason.
func CheckPlayers(ctx context.Context, c SessionChecker, subjects []SessionSubject) ([]error, error) {
	verdicts, err := c.CheckSessions(ctx, subjects)
	if err != nil {
		return nil, err
	}
	var users []SessionSubject
	var at []int // index of the verdict on each user
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
