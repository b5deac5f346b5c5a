module github.com/tenon-go/tenon/examples/kv/disk

go 1.25.0

require (
	github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000
	github.com/tenon-go/tenon/examples/kv v0.0.0-00010101000000-000000000000
	go.etcd.io/bbolt v1.5.0
)

require golang.org/x/sys v0.47.0 // indirect

replace (
	github.com/tenon-go/tenon => ../../..
	github.com/tenon-go/tenon/examples/kv => ..
)
