// Command mutate makes small mistakes in the core packages, one at a time, and
// runs their tests: a mistake that no test notices survives, and is printed.
//
// The set of mistakes is fixed. Each package has a number of them, chosen by a
// hash of the function, the kind and the code that is changed, so a change
// elsewhere in the package leaves the choice as it is. The tree is never
// written to: the changed file is handed to the compiler as an overlay.
//
// A survivor is a missing test, or a change that makes no difference. The
// second kind is listed, with its reason, in equivalent.txt.
package main
