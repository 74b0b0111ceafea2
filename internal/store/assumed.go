package store

import (
	"fmt"
	"strings"
	"time"
)

// The website's tables do not hold its settings. The functions here compare what
// its rows show with our settings that repeat them, in the same words for every
// engine.

// better-auth's bounds of a user name, characters.
const (
	DefaultUsernameMin = 3
	DefaultUsernameMax = 30
)

// Which sessions are looked at: how many of the newest, and how long they have to
// last at least. A session without "remember me" ends after a day, which says
// nothing about the setting.
const (
	SessionsLooked  = 1000
	minLongSession  = 48 * time.Hour
	sessionRounding = time.Minute
)

// SessionTimes are the times of one session.
type SessionTimes struct{ Created, Updated, Expires time.Time }

// SessionLines compares the newest sessions with the settings for the website's
// session.expiresIn and session.updateAge.
func SessionLines(sessions []SessionTimes, expiresIn, updateAge time.Duration) []ReportLine {
	lives := map[time.Duration]int{}
	all := 0
	for _, s := range sessions {
		if life := s.Expires.Sub(s.Updated).Round(sessionRounding); life >= minLongSession {
			lives[life]++
			all++
		}
	}
	var life time.Duration
	for one, n := range lives {
		if n > lives[life] || n == lives[life] && one < life {
			life = one
		}
	}
	line := ReportLine{Object: "life of sessions", OK: true}
	told := all > 0 && lives[life] > all/2
	switch {
	case !told:
		line.Detail = fmt.Sprintf("SESSION_EXPIRES_IN is %s; there are too few sessions to see the website's setting", expiresIn)
	case life == expiresIn.Round(sessionRounding):
		line.Detail = fmt.Sprintf("%s, as SESSION_EXPIRES_IN says", life)
	default:
		line.Warning = true
		line.Detail = fmt.Sprintf("%d of the newest %d long sessions live %s, and SESSION_EXPIRES_IN is %s: set it, and SESSION_UPDATE_AGE, to what the website has",
			lives[life], all, life, expiresIn)
	}
	return []ReportLine{line, updateLine(sessions, life, told, updateAge)}
}

// updateLine looks for sessions that were prolonged earlier than the setting
// allows. A prolonged session has a whole life again. It cannot detect a website
// that waits longer than the setting.
func updateLine(sessions []SessionTimes, life time.Duration, told bool, updateAge time.Duration) ReportLine {
	line := ReportLine{Object: "prolonging of sessions", OK: true}
	early, soonest := 0, updateAge
	for _, s := range sessions {
		age := s.Updated.Sub(s.Created)
		if told && s.Expires.Sub(s.Updated).Round(sessionRounding) == life && age > sessionRounding && age < updateAge-sessionRounding {
			early++
			soonest = min(soonest, age)
		}
	}
	line.Detail = fmt.Sprintf("none sooner than SESSION_UPDATE_AGE says, %s", updateAge)
	if early > 0 {
		line.Warning = true
		line.Detail = fmt.Sprintf("%d of the newest sessions were prolonged sooner than SESSION_UPDATE_AGE says (%s), one %s after it was made: set it to the website's session.updateAge",
			early, updateAge, soonest.Round(time.Second))
	}
	return line
}

// Characters of an example, and of a list of names, in a line.
const (
	maxExample = 80
	maxAlike   = 1000
)

// cut is the beginning of a text that others chose.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// UsernameShapes is what the website's user names look like.
type UsernameShapes struct {
	Min, Max  int    // the settings, characters
	Outside   int    // names shorter or longer than those
	Length    string // one of them
	Others    int    // names with other characters than letters, digits, underscores and dots
	Character string // one of them
}

// Line compares the names with the settings.
func (u UsernameShapes) Line() ReportLine {
	line := ReportLine{
		Object: "shape of user names", OK: true,
		Detail: fmt.Sprintf("%d to %d letters, digits, underscores and dots", u.Min, u.Max),
	}
	var parts []string
	if u.Outside > 0 {
		parts = append(parts, fmt.Sprintf("%d do not have %d to %d characters, as WEBSITE_USERNAME_MIN and WEBSITE_USERNAME_MAX say, such as %q: "+
			"set them to the website's minUsernameLength and maxUsernameLength", u.Outside, u.Min, u.Max, cut(u.Length, maxExample)))
	}
	if u.Others > 0 {
		parts = append(parts, fmt.Sprintf("%d have other characters than letters, digits, underscores and dots, such as %q, as with a usernameValidator of the website's own",
			u.Others, cut(u.Character, maxExample)))
	}
	if len(parts) > 0 {
		line.Warning = true
		line.Detail = strings.Join(append(parts, "with the website's password such users sign in by e-mail address, or on the website"), "; ")
	}
	return line
}

// HashLine says how many accounts have a password hash that cannot be verified
// here.
func HashLine(others int) ReportLine {
	line := ReportLine{Object: "form of password hashes", OK: true, Detail: "better-auth's own"}
	if others > 0 {
		line.Warning = true
		line.Detail = fmt.Sprintf("%d accounts have a password hash of another form than better-auth's own: their users can sign in on the website only", others)
	}
	return line
}

// Spelling is what the website's names or addresses look like.
type Spelling struct {
	By      UserKey
	Mixed   int    // not in lower case
	Example string // one of those
	Alike   string // some that differ in case alone, with ids
}

// Line says what the spelling means with the setting.
func (sp Spelling) Line(setting NameCase) ReportLine {
	line := ReportLine{Object: "user names", OK: true, Detail: "all in lower case"}
	if sp.By == ByEmail {
		line.Object = "e-mail addresses"
	}
	if sp.Mixed == 0 && sp.Alike == "" {
		return line
	}
	var parts []string
	if sp.Mixed > 0 {
		parts = append(parts, fmt.Sprintf("%d not in lower case, such as %s", sp.Mixed, cut(sp.Example, maxExample)))
	}
	if sp.Alike != "" {
		parts = append(parts, "some differ in case alone: "+cut(sp.Alike, maxAlike))
	}
	rule := setting.Of(sp.By)
	switch {
	case sp.By == ByEmail:
		parts = append(parts, "the website asks for addresses in lower case; here the exact one counts first")
	case rule == NameCaseFold:
		parts = append(parts, "WEBSITE_USERNAME_CASE=fold does not find these users: set auto or exact if the website has usernameNormalization: false")
	case rule == NameCaseExact:
		parts = append(parts, "WEBSITE_USERNAME_CASE=exact finds each by its exact name alone")
	default:
		parts = append(parts, "as with the website's usernameNormalization: false; the exact name counts first, and one that could be several users' is refused")
	}
	line.Warning, line.Detail = true, strings.Join(parts, "; ")
	return line
}
