module github.com/tenon-go/tenon/cmd/tenon

go 1.25.0

replace github.com/tenon-go/tenon => ../../

require (
	github.com/bufbuild/protocompile v0.14.1
	github.com/google/go-cmp v0.7.0
	github.com/rogpeppe/go-internal v1.15.0
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	golang.org/x/mod v0.39.0
	golang.org/x/tools v0.49.0
	google.golang.org/protobuf v1.36.12
	pgregory.net/rapid v1.3.0
)

require (
	golang.org/x/sync v0.22.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
