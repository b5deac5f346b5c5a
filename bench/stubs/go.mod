module github.com/tenon-go/tenon/bench/stubs

go 1.25.0

replace (
	github.com/tenon-go/tenon => ../../
	github.com/tenon-go/tenon/bench => ../
	github.com/tenon-go/tenon/grpcplug => ../../grpcplug
)

require (
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	github.com/tenon-go/tenon/bench v0.0.0-00010101000000-000000000000
	github.com/tenon-go/tenon/grpcplug v0.0.0-00010101000000-000000000000
	google.golang.org/grpc v1.67.3
)

require (
	github.com/hashicorp/yamux v0.1.2 // indirect
	golang.org/x/net v0.38.0 // indirect
	golang.org/x/sys v0.31.0 // indirect
	golang.org/x/text v0.23.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240814211410-ddb44dafa142 // indirect
	google.golang.org/protobuf v1.36.6 // indirect
)
