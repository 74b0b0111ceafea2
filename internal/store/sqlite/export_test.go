package sqlite

// What tests of the package look at from inside.
var (
	ParseWebsiteTime = parseWebsiteTime
	Unavailable      = unavailable
)
