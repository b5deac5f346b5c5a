// Package pb holds, in the packages below it, what protoc-gen-go and
// protoc-gen-go-grpc make of this program's part of Terraform's protocol.
package pb

//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate
