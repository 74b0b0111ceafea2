package postgres

import "github.com/jackc/pglogrepl"

// Internals, for tests.
var (
	Translate   = translate
	FullXid     = fullXid
	ConnectFeed = connectFeed
	FeedConfig  = feedConfig
)

// WithoutPageHeader is withoutPageHeader for pages of 8 KiB.
func WithoutPageHeader(end uint64) uint64 { return uint64(withoutPageHeader(pglogrepl.LSN(end), 8192)) }
