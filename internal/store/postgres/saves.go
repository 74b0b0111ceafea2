package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

// saveSQL judges and writes many saves at once. The rows of the characters and
// of their owners' play records are locked first, each in one order, so that
// every verdict is about the rows as they are and stays true until the commit:
// once BeginPlay has answered, no save of an older generation is written any
// more. A save repeated is recognised by its key before anything else is
// asked.
const saveSQL = `
WITH s AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[],
        $5::int[], $6::real[], $7::real[], $8::int[], $9::int[], $10::int[],
        $11::bigint[], $12::bigint[], $13::bigint[],
        $14::int[], $15::int[], $16::int[], $17::int[], $18::int[], $19::int[],
        $20::int[], $21::int[], $22::int[], $23::bigint[])
    AS s (id, version, generation, key, zone, x, y, revive_zone, job, level, xp, hp, mp,
        strength, dexterity, intelligence, concentration, charm, sense,
        stat_points, skill_points, stamina, money)
), c AS (
    SELECT id, user_id, version, last_save_key FROM game.character
    WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
), p AS (
    SELECT user_id, generation FROM game.play
    WHERE user_id IN (SELECT user_id FROM c) ORDER BY user_id FOR SHARE
), judged AS (
    SELECT s.*, c.id IS NOT NULL AS found, c.version AS stored,
        COALESCE(c.last_save_key = s.key, false) AS repeated,
        s.generation < COALESCE(p.generation, 0) AS stale
    FROM s LEFT JOIN c ON c.id = s.id LEFT JOIN p ON p.user_id = c.user_id
), w AS (
    UPDATE game.character t SET
        zone = j.zone, x = j.x, y = j.y, revive_zone = j.revive_zone, job = j.job, level = j.level,
        xp = j.xp, hp = j.hp, mp = j.mp,
        strength = j.strength, dexterity = j.dexterity, intelligence = j.intelligence,
        concentration = j.concentration, charm = j.charm, sense = j.sense,
        stat_points = j.stat_points, skill_points = j.skill_points, stamina = j.stamina, money = j.money,
        version = j.version + 1, last_save_key = j.key, updated_at = $24
    FROM judged j
    WHERE t.id = j.id AND j.stored = j.version AND NOT j.repeated AND NOT j.stale
    RETURNING t.id, t.version
)
SELECT j.id, j.found, j.repeated, j.stale, COALESCE(w.version, 0), COALESCE(j.stored, 0)
FROM judged j LEFT JOIN w ON w.id = j.id`

// SaveCharacters implements store.Characters: one statement, one round trip
// and one transaction for all saves. A character that is in the list more
// than once is saved in that order, with a statement for each round.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	if err := checkSaves(saves); err != nil || len(saves) == 0 {
		return nil, err
	}
	results := make([]store.SaveResult, len(saves))
	for _, round := range rounds(saves) {
		if err := s.saveRound(ctx, saves, round, results); err != nil {
			return nil, translate(ctx, "save characters", err)
		}
	}
	return results, nil
}

func checkSaves(saves []store.CharacterSave) error {
	if err := store.CheckBatch("saves", len(saves)); err != nil {
		return err
	}
	for i := range saves {
		if err := saves[i].Validate(); err != nil {
			return err
		}
	}
	return nil
}

// rounds splits saves, by index, so that no round has a character twice.
func rounds(saves []store.CharacterSave) [][]int {
	var out [][]int
	seen := make(map[store.CharacterID]int, len(saves))
	for i, sv := range saves {
		n := seen[sv.ID]
		seen[sv.ID]++
		if n == len(out) {
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

// saveRound writes the saves with the given indices and fills in their
// results.
func (s *Store) saveRound(ctx context.Context, saves []store.CharacterSave, round []int, results []store.SaveResult) error {
	index := make(map[int64]int, len(round))
	var c saveColumns
	for _, i := range round {
		index[int64(saves[i].ID)] = i
		c.add(saves[i])
	}
	rows, err := s.pool.Query(ctx, saveSQL, c.args(s.now())...)
	if err != nil {
		return err
	}
	var (
		id, written, stored    int64
		found, repeated, stale bool
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &found, &repeated, &stale, &written, &stored}, func() error {
		var verdict *errs.Error
		switch {
		case written > 0:
			results[index[id]].Version = written
			return nil
		case repeated:
			results[index[id]].Version = stored
			return nil
		case !found:
			verdict = store.ErrCharacterNotFound
		case stale:
			verdict = store.ErrStaleGeneration
		default:
			verdict = store.ErrVersionConflict
		}
		results[index[id]].Err = verdict
		return nil
	})
	return err
}

// saveColumns are the parameters of saveSQL, an array for each column.
type saveColumns struct {
	id, version, generation, xp, hp, mp, money []int64
	key                                        []string
	x, y                                       []float32
	zone, reviveZone, job, level               []int32
	stats                                      [6][]int32
	statPoints, skillPoints, stamina           []int32
}

func (c *saveColumns) add(sv store.CharacterSave) {
	st := sv.State
	c.id = append(c.id, int64(sv.ID))
	c.version = append(c.version, sv.Version)
	c.generation = append(c.generation, sv.Generation)
	c.key = append(c.key, sv.Key)
	c.zone = append(c.zone, int32(st.Position.Zone))
	c.x = append(c.x, st.Position.X)
	c.y = append(c.y, st.Position.Y)
	c.reviveZone = append(c.reviveZone, int32(st.ReviveZone))
	c.job = append(c.job, int32(st.Job))
	c.level = append(c.level, int32(st.Level))
	c.xp = append(c.xp, int64(st.XP))
	c.hp = append(c.hp, int64(st.HP))
	c.mp = append(c.mp, int64(st.MP))
	for i, v := range [6]uint16{
		st.Stats.Strength, st.Stats.Dexterity, st.Stats.Intelligence,
		st.Stats.Concentration, st.Stats.Charm, st.Stats.Sense,
	} {
		c.stats[i] = append(c.stats[i], int32(v))
	}
	c.statPoints = append(c.statPoints, int32(st.StatPoints))
	c.skillPoints = append(c.skillPoints, int32(st.SkillPoints))
	c.stamina = append(c.stamina, int32(st.Stamina))
	c.money = append(c.money, st.Money)
}

func (c *saveColumns) args(at time.Time) []any {
	args := []any{
		c.id, c.version, c.generation, c.key, c.zone, c.x, c.y, c.reviveZone, c.job, c.level, c.xp, c.hp, c.mp,
	}
	for _, col := range c.stats {
		args = append(args, col)
	}
	return append(args, c.statPoints, c.skillPoints, c.stamina, c.money, at)
}
