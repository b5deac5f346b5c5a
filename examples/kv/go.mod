module github.com/tenon-go/tenon/examples/kv

go 1.25.0

require (
	github.com/rogpeppe/go-internal v1.16.0
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	golang.org/x/term v0.30.0
)

require (
	github.com/bufbuild/protocompile v0.14.1 // indirect
	golang.org/x/mod v0.39.0 // indirect
	golang.org/x/sync v0.22.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

require (
	github.com/tenon-go/tenon/cmd/tenon v0.0.0-00010101000000-000000000000 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/tools v0.49.0 // indirect
)

replace github.com/tenon-go/tenon => ../..

replace github.com/tenon-go/tenon/cmd/tenon => ../../cmd/tenon

tool github.com/tenon-go/tenon/cmd/tenon
