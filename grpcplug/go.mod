module github.com/tenon-go/tenon/grpcplug

go 1.25.0

replace github.com/tenon-go/tenon => ../

require (
	github.com/hashicorp/yamux v0.1.2
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	google.golang.org/genproto/googleapis/rpc v0.0.0-20231106174013-bbf56f31fb17
	google.golang.org/grpc v1.61.0
	google.golang.org/protobuf v1.36.6
)

require (
	github.com/golang/protobuf v1.5.3 // indirect
	golang.org/x/net v0.18.0 // indirect
	golang.org/x/sys v0.30.0 // indirect
	golang.org/x/text v0.14.0 // indirect
)
