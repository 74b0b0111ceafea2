// Package character knows the rules of characters: what a name may be, which
// looks there are, and what a new character starts with. It keeps nothing; the
// database part does, and enforces what has to be unique.
package character
