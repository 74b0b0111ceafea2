// Package siteschema knows what better-auth calls its tables and columns, and
// how to find them in a database that calls them otherwise: in snake case, in
// the plural, or by names that an operator gives.
package siteschema
