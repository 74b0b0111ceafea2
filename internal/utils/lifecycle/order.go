package lifecycle

import (
	"errors"
	"fmt"
	"strings"
)

// sorted puts needs before those that need them, and otherwise keeps the order
// in which the units were added.
func sorted(units []Unit) ([]Unit, error) {
	byName := make(map[string]Unit, len(units))
	for _, u := range units {
		if u.Name == "" {
			return nil, errors.New("a unit has no name")
		}
		if _, taken := byName[u.Name]; taken {
			return nil, fmt.Errorf("two units are named %s", u.Name)
		}
		byName[u.Name] = u
	}

	s := sorter{byName: byName, placed: map[string]bool{}}
	for _, u := range units {
		if err := s.place(u); err != nil {
			return nil, err
		}
	}
	return s.order, nil
}

type sorter struct {
	byName map[string]Unit
	placed map[string]bool
	path   []string // the needs being followed
	order  []Unit
}

// place appends a unit behind all it needs.
func (s *sorter) place(u Unit) error {
	if s.placed[u.Name] {
		return nil
	}
	for i, name := range s.path {
		if name == u.Name {
			return fmt.Errorf("units need each other in a circle: %s",
				strings.Join(append(s.path[i:], u.Name), " → "))
		}
	}
	s.path = append(s.path, u.Name)
	for _, name := range u.Needs {
		need, ok := s.byName[name]
		if !ok {
			return fmt.Errorf("unit %s needs %s, which no unit is named", u.Name, name)
		}
		if err := s.place(need); err != nil {
			return err
		}
	}
	s.path = s.path[:len(s.path)-1]
	s.placed[u.Name] = true
	s.order = append(s.order, u)
	return nil
}
