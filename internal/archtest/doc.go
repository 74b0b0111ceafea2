// Package archtest holds the rules of the tree as ordinary tests: which
// package may import which, that every package says what it is, and that the
// links in the documents lead somewhere. It has no code of its own.
package archtest
