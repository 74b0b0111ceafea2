package character

import "github.com/waystone-mmo/waystone/internal/game/data"

// CheckName holds a name to the built-in rules and to a list of words.
func CheckName(name, words string) error {
	r, err := loadRules("")
	if err != nil {
		return err
	}
	list, err := parseWords("words.txt", words)
	if err != nil {
		return err
	}
	return checkName(name, r.reserved, list)
}

// ParseRules reads rules.
func ParseRules(text string) error {
	var r rules
	if err := parseYAML("rules.yaml", []byte(text), &r); err != nil {
		return err
	}
	return r.complete("rules.yaml")
}

// ParseWords reads a list of words and returns how many there are.
func ParseWords(text string) (int, error) {
	words, err := parseWords("words.txt", text)
	return len(words), err
}

// ParseStart reads what characters start with.
func ParseStart(text string, world *data.Data) error {
	var s start
	if err := parseYAML("start.yaml", []byte(text), &s); err != nil {
		return err
	}
	return s.complete("start.yaml", world)
}
