package auth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Bounds of a limit of attempts, as the storage contract has them.
const (
	maxFree    = 100_000
	minFirst   = 100 * time.Millisecond
	maxFirst   = time.Hour
	maxLongest = 24 * time.Hour
	minMemory  = time.Second
	maxMemory  = 30 * 24 * time.Hour
)

var errLimit = errors.New("must be FREE,FIRST,LONGEST,MEMORY such as 5,1s,15m,24h: " +
	"1 to 100000 free tries, a first wait of 100ms to 1h, a longest of FIRST to 24h, a memory of LONGEST to 720h")

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
	return fmt.Sprintf("%d,%s,%s,%s", v.l.Free, short(v.l.First), short(v.l.Longest), short(v.l.Memory))
}

// short prints a duration without the parts that are nothing.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func checkLimit(l store.AttemptLimit) error {
	if l.Free < 1 || l.Free > maxFree || l.First < minFirst || l.First > maxFirst ||
		l.Longest < l.First || l.Longest > maxLongest ||
		l.Memory < max(minMemory, l.Longest) || l.Memory > maxMemory {
		return errLimit
	}
	return nil
}
