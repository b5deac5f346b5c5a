module github.com/tenon-go/tenon

go 1.25.0
