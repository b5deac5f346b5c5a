package load

import (
	"go/parser"
	"testing"
)

func TestConstraintOf(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"a.go", "", ""},
		{"linux.go", "", ""},
		{"a_linux.go", "", "the name a_linux.go"},
		{"a_arm64.go", "", "the name a_arm64.go"},
		{"a_windows_amd64.go", "", "the name a_windows_amd64.go"},
		{"a_unix.go", "", ""}, // unix is no suffix
		{"a_other.go", "", ""},
		{"a.go", "//go:build linux || darwin\n\n", "//go:build linux || darwin"},
		{"a.go", "// Words.\n\n//go:build !cgo\n\n// Package p.\n", "//go:build !cgo"},
		{"a.go", "//go:build go1.21 && !go1.22\n\n", ""},
		{"a.go", "//go:build go1.21 || linux\n\n", "//go:build go1.21 || linux"},
		{"a.go", "// +build linux\n\n", ""}, // not since Go 1.21
	} {
		s := newSources("")
		f, err := parser.ParseFile(s.fset, c.file, c.text+"package p\n\n//go:build linux\n\nvar x int\n", parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.constraintOf(f, notRelease); got != c.want {
			t.Errorf("%s with %q: %q, want %q", c.file, c.text, got, c.want)
		}
	}
	for tag, want := range map[string]bool{"linux": true, "unix": true, "arm64": true, "js": true, "goexperiment.jsonv2": false, "cgo": false, "go1.22": false} {
		if got := isPlatform(tag); got != want {
			t.Errorf("isPlatform(%s) = %t", tag, got)
		}
	}
}
