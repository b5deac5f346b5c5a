module github.com/tenon-go/tenon/examples/kv/overgrpc

go 1.25.0

replace github.com/tenon-go/tenon => ../../../

replace github.com/tenon-go/tenon/grpcplug => ../../../grpcplug

replace github.com/tenon-go/tenon/examples/kv => ../

require (
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	github.com/tenon-go/tenon/examples/kv v0.0.0-00010101000000-000000000000
	github.com/tenon-go/tenon/grpcplug v0.0.0-00010101000000-000000000000
	google.golang.org/grpc v1.66.3
)

require (
	github.com/hashicorp/yamux v0.1.2 // indirect
	golang.org/x/net v0.26.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/text v0.16.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240604185151-ef581f913117 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
