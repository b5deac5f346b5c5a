// Package interop runs Tenon's hosts and plugins against those of HashiCorp's
// go-plugin, over gRPC, and compat/shim, which takes go-plugin's place, over gRPC and
// net/rpc. It is nothing but tests; they print what came of it as tables, which
// "make interop", or "go test" without a list of packages, shows.
//
// What is tried is in scenario. The program in goplugin is a host and a plugin with
// go-plugin's API, and is built once for each version of go-plugin, and once with
// the shim, with versions/NAME.mod, so that each has the gRPC that it asks for and
// not the one of this module. A further version, or a module in its place (with a
// replace line), is a file like those, and a line in theirs of kinds_test.go; this
// adds what is missing to the file:
//
//	GOWORK=off go build -mod=mod -modfile=versions/NAME.mod -o bin/ ./goplugin
package interop
