module github.com/tenon-go/tenon/interop

go 1.25.0

replace github.com/hashicorp/go-plugin => ../compat/shim

replace github.com/tenon-go/tenon/compat/goplugin => ../compat/goplugin

replace github.com/tenon-go/tenon/grpcplug => ../grpcplug

replace github.com/tenon-go/tenon => ../

require (
	github.com/hashicorp/go-hclog v1.6.3
	github.com/hashicorp/go-plugin v1.8.0
	github.com/hashicorp/yamux v0.1.2
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	github.com/tenon-go/tenon/grpcplug v0.0.0-00010101000000-000000000000
	google.golang.org/grpc v1.61.0
	google.golang.org/protobuf v1.36.6
)

require (
	github.com/fatih/color v1.13.0 // indirect
	github.com/golang/protobuf v1.5.3 // indirect
	github.com/mattn/go-colorable v0.1.12 // indirect
	github.com/mattn/go-isatty v0.0.14 // indirect
	github.com/tenon-go/tenon/compat/goplugin v0.0.0-00010101000000-000000000000 // indirect
	golang.org/x/net v0.18.0 // indirect
	golang.org/x/sys v0.30.0 // indirect
	golang.org/x/text v0.14.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20231106174013-bbf56f31fb17 // indirect
)
