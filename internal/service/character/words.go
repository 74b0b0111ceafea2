package character

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Limits of a list of words.
const (
	// MaxWords is how many words it has at most.
	MaxWords = 10_000
	// MinWord is how long a word is at least, in characters: a shorter one would
	// be in nearly every name. At most it is as long as a name, MaxName.
	MinWord = 2
	// maxWordProblems is how many mistakes are told before the rest is left out.
	maxWordProblems = 20
)

// loadWords reads a list of words; no path means none.
func loadWords(path string) ([]word, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("words of names: %w", err)
	}
	words, err := parseWords(path, string(text))
	if err != nil {
		return nil, fmt.Errorf("words of names: %w", err)
	}
	return words, nil
}

// parseWords reads one word a line; what follows a # is a comment. A word is
// letters and digits; one that is there twice counts once.
func parseWords(file, text string) ([]word, error) {
	p := problems{file: file}
	known := map[string]bool{}
	var words []word
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		if len(p.errs) == maxWordProblems {
			p.add(fmt.Sprintf("line %d", i+1), "and what follows is not looked at")
			break
		}
		where := fmt.Sprintf("line %d", i+1)
		if !utf8.ValidString(line) {
			p.add(where, "is not UTF-8")
			continue
		}
		line, _, _ = strings.Cut(line, "#")
		w := strings.TrimSpace(line)
		if w == "" {
			continue
		}
		if wrong := wrongWord(w); wrong != "" {
			p.add(where, "the word %s", wrong)
			continue
		}
		seen := newWord(w)
		key := fmt.Sprint(seen.runs)
		if known[key] {
			continue
		}
		known[key] = true
		if words = append(words, seen); len(words) > MaxWords {
			p.add(where, "is one word more than %d", MaxWords)
			break
		}
	}
	return words, p.err()
}

// wrongWord says what is wrong with a word, "" for nothing. The word itself may
// be one that nobody wants to read in a log.
func wrongWord(w string) string {
	folded := store.NameKey(w)
	for _, r := range folded {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return "can be in no name: write it in letters of A to Z and digits"
		}
	}
	if n := len(folded); n < MinWord || n > MaxName {
		return fmt.Sprintf("has %d characters, must have %d to %d", n, MinWord, MaxName)
	}
	return ""
}
