package bot

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Difference is a character that one bot sees elsewhere, or otherwise, than the
// character's own client.
type Difference struct {
	Name, SeenBy string
	Off          float64 // how far apart the two places are, centimetres
	Missing      bool    // not in sight at all
	Posture      bool    // one runs or sits, and the other does not
}

// String describes the difference in a few words.
func (d Difference) String() string {
	switch {
	case d.Missing:
		return fmt.Sprintf("%s does not see %s", d.SeenBy, d.Name)
	case d.Posture:
		return fmt.Sprintf("%s sees %s sit or run when he does not, or the other way round", d.SeenBy, d.Name)
	default:
		return fmt.Sprintf("%s sees %s %.0f cm from where he stands", d.SeenBy, d.Name, d.Off)
	}
}

// Differences compares what the bots see of each other with what each of them
// knows of itself, for bots that stand in each other's sight. Places may be off
// by a tolerance, centimetres; those who walk need one, for packets take their
// time.
func Differences(bots []*Bot, tolerance float64) []Difference {
	var found []Difference
	for _, b := range bots {
		for _, o := range bots {
			if o == b {
				continue
			}
			if d, differs := compare(b, o, tolerance); differs {
				found = append(found, d)
			}
		}
	}
	return found
}

// compare judges what o sees of b. Both are looked at for the same moment.
func compare(b, o *Bot, tolerance float64) (Difference, bool) {
	var self, seen Entity
	var there, ok bool
	var by Entity
	now := time.Now()
	b.lookAt(now, func(v View) { self, there = v.Self() })
	o.lookAt(now, func(v View) {
		by, _ = v.Self()
		seen, ok = v.Find(self.Name)
	})
	d := Difference{Name: self.Name, SeenBy: by.Name}
	if !there {
		return d, false // it is in no zone, and sees nobody
	}
	d.Missing = !ok
	if ok {
		d.Off = math.Hypot(float64(self.X-seen.X), float64(self.Y-seen.Y))
		d.Posture = self.Sitting != seen.Sitting || self.Running != seen.Running
	}
	return d, d.Missing || d.Posture || d.Off > tolerance
}

// agree judges that each bot sees the other where that one stands, as it does.
func (k *check) agree() error {
	found := Differences(k.bots[:], checkExact)
	if len(found) == 0 {
		return nil
	}
	texts := make([]string, len(found))
	for i, d := range found {
		texts[i] = d.String()
	}
	return fmt.Errorf("the clients do not show the same: %s", strings.Join(texts, "; "))
}
