// Package notes is the contract: a .proto, what gRPC's generators make of it, and
// the two lines below.
package notes

import (
	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
)

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative notes.proto

// App is what host and plugins agree on before they speak.
var App = tenon.App{Name: "notes"}

// Contract is the service of the .proto.
var Contract = grpcplug.Service(NewNotesClient, RegisterNotesServer)
