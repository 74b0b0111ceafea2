// Package tools pins the generators and linters that the Makefile runs, and
// holds the tests that fail when generated code or the API reference is stale.
// It is a module of its own, so that none of this is in the product's module
// graph.
package tools
