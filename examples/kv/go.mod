module github.com/tenon-go/tenon/examples/kv

go 1.25.0

require (
	github.com/rogpeppe/go-internal v1.16.0
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	golang.org/x/term v0.30.0
)

require (
	golang.org/x/sys v0.31.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
)

replace github.com/tenon-go/tenon => ../..
