module github.com/tenon-go/tenon/examples/hello

go 1.25.0

require github.com/tenon-go/tenon v0.0.0

replace github.com/tenon-go/tenon => ../..

require golang.org/x/sys v0.30.0 // indirect
