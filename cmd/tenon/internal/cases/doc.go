// Package cases has the hard cases of the generator, a package for each, whose
// generated code is committed and run by the tests here.
//
// A case is a contract and an implementation that mostly returns what it is
// given. table_test.go lists them. Each contract is used over three
// connections: in memory, to a real child process, and over one that passes
// every message through google.golang.org/protobuf on its way (link_test.go).
// Methods that return their arguments are found by reflection and called with
// edge values and random ones; the rest has a test of its own, in
// <case>_test.go.
//
// To add a case: write the package, list it, and run
//
//	go test ./internal/cases -run TestGenerated -update
package cases
