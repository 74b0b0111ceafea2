package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// The rows that decide about saves are locked before anything is read: first
// the characters, then the play records of their owners, each in a fixed order.
// They stay unchanged until the commit: after BeginPlay has answered, no save
// of an older generation is written.
const (
	lockCharactersSQL = `
SELECT count(*) FROM (
    SELECT 1 FROM game.character WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE) c`
	lockPlaysSQL = `
SELECT count(*) FROM (
    SELECT 1 FROM game.play
    WHERE user_id IN (SELECT user_id FROM game.character WHERE id = ANY($1::bigint[]))
    ORDER BY user_id FOR SHARE) p`
)

// saveSQL judges and writes many saves with their items. It is a statement of
// its own because its snapshot has to be taken after the wait for the locks. Items change only with the
// locked row of the character that has them; those of characters that are not
// in the batch are none to be had, whatever becomes of them.
//
// A repeated save is recognized by its key before anything else is checked. grp
// is the same number in all saves of a group. They are written if none of them
// is refused or repeated.
const saveSQL = `
WITH s AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[],
        $5::int[], $6::real[], $7::real[], $8::int[], $9::int[], $10::int[],
        $11::bigint[], $12::bigint[], $13::bigint[],
        $14::int[], $15::int[], $16::int[], $17::int[], $18::int[], $19::int[],
        $20::int[], $21::int[], $22::int[], $23::bigint[], $24::int[], $25::bool[], $40::bytea[])
    WITH ORDINALITY AS s (id, version, generation, key, zone, x, y, revive_zone, job, level, xp, hp, mp,
        strength, dexterity, intelligence, concentration, charm, sense,
        stat_points, skill_points, stamina, money, grp, has_items, hotbar, n)
), i AS (
    SELECT i.*, s.id AS character_id, s.grp
    FROM unnest($26::bigint[], $27::bigint[], $28::smallint[], $29::smallint[], $30::smallint[], $31::bigint[],
        $32::bool[], $33::smallint[], $34::smallint[], $35::smallint[], $36::bool[], $37::bool[], $38::smallint[])
    AS i (n, id, place, type, number, quantity, crafted, gem, durability, life, socket, appraised, grade)
    JOIN s USING (n)
), claim AS (
    SELECT i.n, i.character_id, i.grp, o.character_id AS owner,
        count(*) OVER (PARTITION BY i.grp, i.id) AS claims
    FROM i LEFT JOIN game.item o ON o.id = i.id
    WHERE i.id <> 0
), wrong AS (
    SELECT DISTINCT n FROM claim
    WHERE owner IS NULL OR claims > 1 OR owner <> character_id
      AND NOT EXISTS (SELECT 1 FROM s g WHERE g.grp = claim.grp AND g.id = claim.owner AND g.has_items)
), judged AS (
    SELECT s.*, c.version AS stored, CASE
        WHEN c.id IS NULL THEN 'not found'
        WHEN c.last_save_key = s.key THEN 'repeated'
        WHEN s.generation < p.generation THEN 'stale'
        WHEN c.version <> s.version THEN 'conflict'
        WHEN wrong.n IS NOT NULL THEN 'items'
        ELSE 'right' END AS verdict
    FROM s
    LEFT JOIN game.character c ON c.id = s.id
    LEFT JOIN game.play p ON p.user_id = c.user_id AND (p.user_created_at = c.user_created_at) IS NOT FALSE
    LEFT JOIN wrong ON wrong.n = s.n
), good AS (
    SELECT grp FROM judged GROUP BY grp HAVING bool_and(verdict = 'right')
), w AS (
    UPDATE game.character t SET
        zone = j.zone, x = j.x, y = j.y, revive_zone = j.revive_zone, job = j.job, level = j.level,
        xp = j.xp, hp = j.hp, mp = j.mp,
        strength = j.strength, dexterity = j.dexterity, intelligence = j.intelligence,
        concentration = j.concentration, charm = j.charm, sense = j.sense,
        stat_points = j.stat_points, skill_points = j.skill_points, stamina = j.stamina, money = j.money,
        hotbar = COALESCE(j.hotbar, t.hotbar),
        version = j.version + 1, last_save_key = j.key, updated_at = $39
    FROM judged j JOIN good USING (grp)
    WHERE t.id = j.id
    RETURNING t.id, t.version
), kept AS (
    SELECT i.* FROM i JOIN good USING (grp)
), gone AS (
    DELETE FROM game.item t USING judged j JOIN good USING (grp)
    WHERE t.character_id = j.id AND j.has_items AND NOT EXISTS (SELECT 1 FROM kept k WHERE k.id = t.id)
), moved AS (
    UPDATE game.item t SET
        character_id = k.character_id, place = k.place, type = k.type, number = k.number, quantity = k.quantity,
        crafted = k.crafted, gem = k.gem, durability = k.durability, life = k.life,
        socket = k.socket, appraised = k.appraised, grade = k.grade
    FROM kept k
    WHERE t.id = k.id AND (t.character_id, t.place, t.type, t.number, t.quantity,
            t.crafted, t.gem, t.durability, t.life, t.socket, t.appraised, t.grade)
        IS DISTINCT FROM (k.character_id, k.place, k.type, k.number, k.quantity,
            k.crafted, k.gem, k.durability, k.life, k.socket, k.appraised, k.grade)
), made AS (
    INSERT INTO game.item (character_id, place, type, number, quantity,
        crafted, gem, durability, life, socket, appraised, grade)
    SELECT character_id, place, type, number, quantity, crafted, gem, durability, life, socket, appraised, grade
    FROM kept WHERE id = 0 ORDER BY n, place
    RETURNING id, character_id, place
)
SELECT j.n, j.verdict, COALESCE(w.version, 0), COALESCE(j.stored, 0),
    COALESCE(new.places, old.places), COALESCE(new.ids, old.ids)
FROM judged j
LEFT JOIN w ON w.id = j.id
LEFT JOIN (SELECT character_id, array_agg(place) AS places, array_agg(id) AS ids FROM made GROUP BY character_id) new
    ON new.character_id = j.id
LEFT JOIN LATERAL (SELECT array_agg(t.place) AS places, array_agg(t.id) AS ids
    FROM game.item t WHERE j.verdict = 'repeated' AND j.has_items AND t.character_id = j.id) old ON true`

// SaveCharacters implements store.Characters: one round trip and one
// transaction for all saves.
func (s *Store) SaveCharacters(ctx context.Context, saves []store.CharacterSave) ([]store.SaveResult, error) {
	if err := store.CheckSaves(saves); err != nil || len(saves) == 0 {
		return nil, err
	}
	var c saveColumns
	for i, grp := range store.SaveGroups(saves) {
		c.add(&saves[i], i, grp)
	}
	results := make([]store.SaveResult, len(saves))
	// A batch that is sent without BEGIN is one transaction.
	var batch pgx.Batch
	batch.Queue(lockCharactersSQL, c.id)
	batch.Queue(lockPlaysSQL, c.id)
	batch.Queue(saveSQL, c.args(s.now())...).Query(func(rows pgx.Rows) error {
		return collectResults(rows, saves, results)
	})
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, translate(ctx, "save characters", err)
	}
	return results, nil
}

// collectResults fills in the results from the rows of saveSQL.
func collectResults(rows pgx.Rows, saves []store.CharacterSave, results []store.SaveResult) error {
	var (
		n, written, stored int64
		verdict            string
		places             []int16
		ids                []int64
	)
	_, err := pgx.ForEachRow(rows, []any{&n, &verdict, &written, &stored, &places, &ids}, func() error {
		r, sv := &results[n-1], &saves[n-1]
		switch {
		case written > 0:
			r.Version = written
		case verdict == "repeated":
			r.Version = stored
		case verdict == "not found":
			r.Err = store.ErrCharacterNotFound
		case verdict == "stale":
			r.Err = store.ErrStaleGeneration
		case verdict == "conflict":
			r.Err = store.ErrVersionConflict
		case verdict == "items":
			r.Err = store.ErrItemConflict
		default:
			r.Err = store.ErrGroupRefused
		}
		if r.Err != nil || sv.Items == nil {
			return nil
		}
		given := make(store.Inventory, len(places))
		for i := range given {
			given[i] = store.Item{ID: store.ItemID(ids[i]), Place: uint8(places[i])} //nolint:gosec // checked by the database
		}
		r.ItemIDs = sv.Items.IDsIn(given)
		if written > 0 { // given has the new ones alone
			for i, it := range *sv.Items {
				if it.ID != 0 {
					r.ItemIDs[i] = it.ID
				}
			}
		}
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
	grp                                        []int32
	hasItems                                   []bool
	hotbar                                     [][]byte // nil if it stays unchanged
	items                                      itemColumns
	itemSave                                   []int64 // number of the save that an item belongs to
}

// add adds the save with an index; grp is the index of the first of its group.
func (c *saveColumns) add(sv *store.CharacterSave, index, grp int) {
	st := &sv.State
	c.grp = append(c.grp, int32(grp)) //nolint:gosec // below MaxBatch
	c.hasItems = append(c.hasItems, sv.Items != nil)
	var hotbar []byte
	if sv.Hotbar != nil {
		hotbar = sv.Hotbar.Bytes()
	}
	c.hotbar = append(c.hotbar, hotbar)
	if sv.Items != nil {
		for i := range *sv.Items {
			c.itemSave = append(c.itemSave, int64(index)+1)
			c.items.add(&(*sv.Items)[i])
		}
	}
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
	it := &c.items
	return append(args, c.statPoints, c.skillPoints, c.stamina, c.money, c.grp, c.hasItems,
		c.itemSave, it.id, it.place, it.itemType, it.number, it.quantity,
		it.crafted, it.gem, it.durability, it.life, it.socket, it.appraised, it.grade, at, c.hotbar)
}
