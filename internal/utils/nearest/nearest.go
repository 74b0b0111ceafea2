// Package nearest finds the known name that somebody who mistyped one meant.
package nearest

import "github.com/agnivade/levenshtein"

// Distance is how many letters have to be put in, taken out or exchanged to make
// one name of the other.
func Distance(a, b string) int { return levenshtein.ComputeDistance(a, b) }

// Name returns the known name that differs least from name, "" if every one
// differs in more than a third of the letters.
func Name(name string, known []string) string {
	best, limit := "", len(name)/3+2
	for _, k := range known {
		if d := Distance(name, k); d < limit {
			best, limit = k, d
		}
	}
	return best
}

// Suggest completes a sentence about an unknown name: "; did you mean X?", with
// the prefix before X, or "" if no known name is near.
func Suggest(name, prefix string, known []string) string {
	if best := Name(name, known); best != "" {
		return "; did you mean " + prefix + best + "?"
	}
	return ""
}
