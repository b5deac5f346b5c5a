module github.com/tenon-go/tenon/cmd/tenon

go 1.25.0

replace github.com/tenon-go/tenon => ../../

require (
	github.com/bufbuild/protocompile v0.14.1 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/rogpeppe/go-internal v1.15.0 // indirect
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	golang.org/x/sync v0.22.0 // indirect
	golang.org/x/tools v0.49.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)
