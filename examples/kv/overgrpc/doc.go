// Package overgrpc tests that the store is over gRPC what it is over Tenon's own
// protocol: nothing of the contract or of its implementation knows the difference.
package overgrpc
