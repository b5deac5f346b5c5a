module github.com/tenon-go/tenon/examples/terraform-schema

go 1.25.0

require (
	github.com/rogpeppe/go-internal v1.15.0
	github.com/tenon-go/tenon v0.0.0
	github.com/tenon-go/tenon/grpcplug v0.0.0
	google.golang.org/grpc v1.66.3
	google.golang.org/protobuf v1.36.6
)

require (
	github.com/hashicorp/yamux v0.1.2 // indirect
	golang.org/x/net v0.30.0 // indirect
	golang.org/x/sys v0.30.0 // indirect
	golang.org/x/text v0.19.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240604185151-ef581f913117 // indirect
)

replace (
	github.com/tenon-go/tenon => ../..
	github.com/tenon-go/tenon/grpcplug => ../../grpcplug
)
