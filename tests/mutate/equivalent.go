package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// parseEquivalent reads lines of an id and the reason why that mutation makes
// no difference; # begins a comment.
func parseEquivalent(text string) (map[string]string, error) {
	line := regexp.MustCompile(`^([0-9a-f]{8}) (\S.*)$`)
	reasons := map[string]string{}
	for i, l := range strings.Split(text, "\n") {
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil {
			return nil, fmt.Errorf("equivalent.txt:%d: want an id of 8 hexadecimal digits, a space and a reason", i+1)
		}
		if _, twice := reasons[m[1]]; twice {
			return nil, fmt.Errorf("equivalent.txt:%d: %s stands there twice", i+1, m[1])
		}
		reasons[m[1]] = m[2]
	}
	return reasons, nil
}

func absolute(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
