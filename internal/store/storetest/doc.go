// Package storetest is the suite that defines the storage contract: every
// implementation of store.Store passes Run, and Bench measures them alike.
//
// A test of an implementation says how to open it and leaves the rest to the
// suite:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{Open: open})
//	}
//
// Every test opens a store of its own over the rows that a real better-auth
// wrote (package betterauth), and moves the store's clock by hand, so nothing
// waits and nothing is shared.
package storetest
