package store

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// Lengths in characters that every implementation enforces.
const (
	// MaxIDLength bounds identifiers of the website.
	MaxIDLength = 128
	// MaxNameLength bounds a character's name.
	MaxNameLength = 30
	// MaxKeyLength bounds idempotency keys and save keys.
	MaxKeyLength = 64
	// MaxGroupLength bounds the name of a group of saves.
	MaxGroupLength = 64
	// MaxGroupSize bounds how many saves a group has.
	MaxGroupSize = 16
	// MaxBatchItems bounds the items of all saves of a batch, so that it fits
	// into a message.
	MaxBatchItems = 50_000
	// MaxAddressLength bounds network addresses.
	MaxAddressLength = 64
	// MaxPasswordHashLength bounds the hash of a game password.
	MaxPasswordHashLength = 256
)

// checkText returns an error unless s is valid UTF-8 of least to most
// characters without control characters.
func checkText(field, s string, least, most int) error {
	if !utf8.ValidString(s) {
		return errs.Invalid(field, "must be valid UTF-8")
	}
	switch n := utf8.RuneCountInString(s); {
	case n < least:
		return errs.Invalid(field, "must not be empty")
	case n > most:
		return errs.Invalid(field, "is too long")
	}
	for _, r := range s {
		if r < 0x20 || r == 0x7f {
			return errs.Invalid(field, "must not have control characters")
		}
	}
	return nil
}

// first returns the first error there is.
func first(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckUserID returns InvalidArgument unless id can be the identifier of a
// user.
func CheckUserID(id string) error { return checkText("user_id", id, 1, MaxIDLength) }

// CheckBatch returns InvalidArgument if n is more than MaxBatch.
func CheckBatch(field string, n int) error {
	if n > MaxBatch {
		return errs.Invalid(field, "must not have more than 1000 items")
	}
	return nil
}

// Validate returns InvalidArgument, naming the field, for a state that must
// not be stored.
func (s *CharacterState) Validate() error {
	if s.Money < 0 || s.Money > MaxMoney {
		return errs.Invalid("state.money", "must be 0 to 999999999999999")
	}
	return first(finite("state.position.x", s.Position.X), finite("state.position.y", s.Position.Y))
}

func finite(field string, v float32) error {
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		return errs.Invalid(field, "must be a finite number")
	}
	return nil
}

// Validate returns InvalidArgument, naming the field, for a character that must
// not be created. The store does not check whether a name is a good one.
func (n *NewCharacter) Validate() error {
	for i := range n.Items {
		if n.Items[i].ID != 0 {
			return errs.Invalid(fmt.Sprintf("items[%d].id", i), "must be 0 for a new item")
		}
	}
	return first(
		CheckUserID(n.UserID),
		checkText("name", n.Name, 1, MaxNameLength),
		checkText("idempotency_key", n.Key, 1, MaxKeyLength),
		n.State.Validate(),
		n.Items.Validate(),
	)
}

// Validate returns InvalidArgument, naming the field, for a malformed save.
func (s *CharacterSave) Validate() error {
	if s.Version < 1 {
		return errs.Invalid("version", "must be 1 or more")
	}
	if s.Generation < 0 {
		return errs.Invalid("generation", "must not be negative")
	}
	if s.Items != nil {
		if err := s.Items.Validate(); err != nil {
			return err
		}
	}
	if s.Hotbar != nil {
		if err := s.Hotbar.Validate(); err != nil {
			return err
		}
	}
	return first(
		checkText("save_key", s.Key, 1, MaxKeyLength),
		checkText("group", s.Group, 0, MaxGroupLength),
		s.State.Validate(),
	)
}

// CheckSaves returns InvalidArgument for a malformed batch: it is too large or
// has too many items, has a malformed save, a character twice, or a group that
// is too large.
func CheckSaves(saves []CharacterSave) error {
	if err := CheckBatch("saves", len(saves)); err != nil {
		return err
	}
	seen := make(map[CharacterID]bool, len(saves))
	items := 0
	for i := range saves {
		if err := saves[i].Validate(); err != nil {
			return err
		}
		if saves[i].Items != nil {
			items += len(*saves[i].Items)
		}
		if items > MaxBatchItems {
			return errs.Invalid("saves", "must not have more than 50000 items in all")
		}
		// 0 means an id that no character can have. It may be there several
		// times.
		if id := saves[i].ID; id != 0 && seen[id] {
			return errs.Invalid("saves", "must not have character "+id.String()+" twice; send one save after the other")
		}
		seen[saves[i].ID] = true
	}
	sizes := make([]int, len(saves))
	for _, first := range SaveGroups(saves) {
		if sizes[first]++; sizes[first] > MaxGroupSize {
			return errs.Invalid("saves", "must not have a group of more than 16 saves")
		}
	}
	return nil
}

// SaveGroups returns for each save the index of the first save of its group;
// its own index if it has no group.
func SaveGroups(saves []CharacterSave) []int {
	first := make(map[string]int)
	groups := make([]int, len(saves))
	for i := range saves {
		groups[i] = i
		if name := saves[i].Group; name != "" {
			if at, ok := first[name]; ok {
				groups[i] = at
			} else {
				first[name] = i
			}
		}
	}
	return groups
}

// Validate returns InvalidArgument, naming the field, for an account that must
// not be stored.
func (a *GameAccount) Validate() error {
	return first(CheckUserID(a.UserID), checkText("password_hash", a.PasswordHash, 0, MaxPasswordHashLength))
}

// Validate returns InvalidArgument, naming the field, for a ticket or a
// lifetime that must not be stored.
func (t *Ticket) Validate(lifetime time.Duration) error {
	if lifetime <= 0 || lifetime > MaxTicketLifetime {
		return errs.Invalid("lifetime", "must be more than 0 and at most 180 seconds")
	}
	return first(
		CheckUserID(t.UserID),
		checkText("session_id", t.SessionID, 0, MaxIDLength),
		checkText("address", t.Address, 0, MaxAddressLength),
	)
}

// Validate returns InvalidArgument, naming the field, for a record that must
// not be opened.
func (n *NewPlay) Validate() error {
	return first(
		checkState("game_password", n.GamePassword),
		checkState("site_password", n.SitePassword),
		CheckUserID(n.UserID),
		checkText("session_id", n.SessionID, 0, MaxIDLength),
		checkText("address", n.Address, 0, MaxAddressLength),
	)
}

// checkState returns an error unless s is a PasswordState or empty.
func checkState(field, s string) error {
	if l := len(s); l != 0 && l != 32 || strings.Trim(s, "0123456789abcdef") != "" {
		return errs.Invalid(field, "must be 32 hexadecimal digits or empty")
	}
	return nil
}

// Validate returns InvalidArgument, naming the field, for a malformed handover.
// CharacterID is needed only for StageGame.
func (h *HandOver) Validate() error {
	switch {
	case h.ID == "":
		return errs.Invalid("play_id", "must not be empty")
	case h.Token == 0:
		return errs.Invalid("token", "must not be 0")
	case h.Stage != StageWorld && h.Stage != StageGame:
		return errs.Invalid("stage", "must be world or game")
	case h.Stage == StageGame && h.CharacterID == 0:
		return errs.Invalid("character_id", "must name the character for the game stage")
	}
	return nil
}

// Validate returns InvalidArgument, naming the field, for a user that the
// website would not create.
func (n *NewUser) Validate() error {
	if !regexp.MustCompile(`^[a-zA-Z0-9_.]{3,30}$`).MatchString(n.Username) {
		return errs.Invalid("username", "must be 3 to 30 of the letters a to z, digits, _ and .")
	}
	if !regexp.MustCompile(`^[^@\s]+@[^@\s]+$`).MatchString(n.Email) {
		return errs.Invalid("email", "must be an e-mail address such as name@example.com")
	}
	return first(checkText("email", n.Email, 3, 254), checkText("name", n.Name, 1, 100))
}

// Validate returns InvalidArgument for a ban that ends in the past.
func (b *Ban) Validate(now time.Time) error {
	if b.Banned && !b.Until.IsZero() && !b.Until.After(now) {
		return errs.Invalid("until", "must be in the future")
	}
	return checkText("reason", b.Reason, 0, 500)
}
