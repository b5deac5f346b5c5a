// Package interop runs Tenon's hosts and plugins against those of HashiCorp's
// go-plugin, over gRPC. It is nothing but tests.
package interop
