module github.com/tenon-go/tenon/tools/release

go 1.25.0

require golang.org/x/mod v0.23.0
