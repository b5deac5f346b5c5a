// Package tenonpb has the messages of tenon/tenon.proto, as protoc-gen-go and
// protoc-gen-go-grpc make them: for Go programs that are no Tenon hosts and use
// the .proto of a contract, which imports that file. Tenon itself reads and writes
// these messages by hand.
package tenonpb

//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate ../../proto --path ../../proto/tenon
