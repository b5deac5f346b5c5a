module github.com/tenon-go/tenon/grpcplug/internal/interop

go 1.25.0

replace (
	github.com/tenon-go/tenon => ../../../
	github.com/tenon-go/tenon/grpcplug => ../../
)

require (
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	github.com/tenon-go/tenon/grpcplug v0.0.0-00010101000000-000000000000
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240814211410-ddb44dafa142
	google.golang.org/grpc v1.67.3
	google.golang.org/protobuf v1.36.6
)

require (
	cloud.google.com/go/compute/metadata v0.5.2 // indirect
	github.com/cncf/xds/go v0.0.0-20240723142845-024c85f92f20 // indirect
	github.com/envoyproxy/protoc-gen-validate v1.1.0 // indirect
	github.com/hashicorp/yamux v0.1.2 // indirect
	golang.org/x/net v0.28.0 // indirect
	golang.org/x/oauth2 v0.22.0 // indirect
	golang.org/x/sys v0.30.0 // indirect
	golang.org/x/text v0.17.0 // indirect
)
