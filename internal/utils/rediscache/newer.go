package rediscache

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// RankSize is the number of bytes at the beginning of a value given to SetNewer
// that are its rank: a decimal number with leading zeros.
const RankSize = 16

// MaxRank is the highest rank: a script in Redis holds no larger number exactly.
const MaxRank = 1 << 53

// Rank returns a rank as SetNewer wants it at the beginning of a value.
func Rank(n uint64) string { return fmt.Sprintf("%0*d", RankSize, min(n, MaxRank)) }

// setNewer replaces what is there, whatever it is, unless that has a higher
// rank.
const setNewer = `
local there = redis.pcall('GETRANGE', KEYS[1], 0, 15)
if type(there) == 'string' and #there == 16 then
	local rank = tonumber(there)
	if rank and rank > tonumber(string.sub(ARGV[1], 1, 16)) then
		return 0
	end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

// SetNewer stores a value that begins with its rank for ttl, unless one of a
// higher rank is there. So of two who load the same record, the one who saw
// less cannot overwrite the other.
func (r *Redis) SetNewer(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkEntry(key, value, ttl, r.cfg.MaxValue); err != nil {
		return err
	}
	if len(value) < RankSize {
		return fmt.Errorf("a value without a rank: %w", ErrInvalid)
	}
	if n, err := strconv.ParseUint(string(value[:RankSize]), 10, 64); err != nil || n > MaxRank {
		return fmt.Errorf("a value whose rank is no number up to %d: %w", uint64(MaxRank), ErrInvalid)
	}
	text := string(value) // the client may send it after the call has been given up
	_, err := do(ctx, r, "set in redis", func(ctx context.Context, client rueidis.Client) (struct{}, error) {
		// Mostly there is nothing yet, and then the server need not run the script.
		err := client.Do(ctx, client.B().Set().Key(r.cfg.Prefix+key).Value(text).Nx().
			PxMilliseconds(ttl.Milliseconds()).Build()).Error()
		if !rueidis.IsRedisNil(err) {
			return struct{}{}, err
		}
		return struct{}{}, r.setNewer.Exec(ctx, client, []string{r.cfg.Prefix + key},
			[]string{text, strconv.FormatInt(ttl.Milliseconds(), 10)}).Error()
	})
	return err
}
