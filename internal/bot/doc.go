// Package bot is a headless client of the 129 protocol: it signs in over real
// TCP, chooses a character, walks and talks as a player's client does, and
// believes only what the server tells it.
//
// A Bot goes through three connections, one after the other, by its methods:
//
//	login  Dial ─ Login ─ Channels ─ SelectServer
//	world  JoinWorld ─ ListCharacters ─ CreateCharacter, DeleteCharacter, RestoreCharacter ─ Select
//	game   JoinGame ─ EnterZone ─ MoveTo, Stop, Toggle, Say, … ─ Logout or ReturnToSelect
//
// Each step sends, waits for the server's answer within Config.StepTimeout and
// returns a *StepError that names the step: "select server: result 2 (full)".
// What the answer was is found below it: *RefusedError for a refusal,
// *ClosedError for a connection that the server ended.
//
// Every connection has one reader goroutine, which the Bot owns: it keeps the
// model of what is in sight and wakes those who wait. Close ends and awaits
// them all. The methods of a Bot may be called from any goroutine, but steps
// of one Bot follow each other.
//
// Check lets two bots meet, Swarm lets many play, and ClientMain takes the
// command line of the classic client.
package bot
