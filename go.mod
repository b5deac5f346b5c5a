module github.com/tenon-go/tenon

go 1.25.0

require golang.org/x/sys v0.30.0
