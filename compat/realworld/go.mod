module github.com/tenon-go/tenon/compat/realworld

go 1.25.0

replace github.com/tenon-go/tenon => ../../

require github.com/tenon-go/tenon v0.0.0-00010101000000-000000000000

require golang.org/x/sys v0.30.0 // indirect
