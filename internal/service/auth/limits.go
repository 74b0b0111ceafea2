package auth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

var errLimit = errors.New("must be FREE,FIRST,LONGEST,MEMORY such as 5,1s,15m,24h: " +
	"1 to 100000 free attempts, a first wait of 100ms to 1h, a longest of FIRST to 24h, a memory of LONGEST to 720h")

// limitValue reads and prints a limit of attempts as a setting.
type limitValue struct{ l *store.AttemptLimit }

// Set reads FREE,FIRST,LONGEST,MEMORY.
func (v limitValue) Set(text string) error {
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return errLimit
	}
	free, err := strconv.Atoi(strings.TrimSpace(parts[0]))
	if err != nil {
		return errLimit
	}
	var d [3]time.Duration
	for i := range d {
		if d[i], err = time.ParseDuration(strings.TrimSpace(parts[i+1])); err != nil {
			return errLimit
		}
	}
	*v.l = store.AttemptLimit{Free: free, First: d[0], Longest: d[1], Memory: d[2]}
	return checkLimit(*v.l)
}

// String prints the limit as Set reads it.
func (v limitValue) String() string {
	return fmt.Sprintf("%d,%s,%s,%s", v.l.Free, config.FormatDuration(v.l.First), config.FormatDuration(v.l.Longest), config.FormatDuration(v.l.Memory))
}

// checkLimit checks a limit by the storage contract. Its error is in the words
// of a setting.
func checkLimit(l store.AttemptLimit) error {
	if l.Validate("") != nil {
		return errLimit
	}
	return nil
}
