// Package pb is the Order of package item as protoc-gen-go and
// protoc-gen-go-vtproto make it of item.proto.
package pb

//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate
