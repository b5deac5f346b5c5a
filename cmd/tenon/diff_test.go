package main

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUnified(t *testing.T) {
	for _, tt := range []struct{ a, b, want string }{
		{"", "", ""},
		{"a\nb\n", "a\nb\n", ""},
		{"", "a\n", "@@ -1 +1 @@\n+a\n"},
		{"a\n", "", "@@ -1 +1 @@\n-a\n"},
		{"1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n", "@@ -2 +2 @@\n 2\n 3\n 4\n-5\n+five\n 6\n"},
		{"x\n1\n2\n3\n4\n5\n6\n7\ny\n", "1\n2\n3\n4\n5\n6\n7\nz\n", "@@ -1 +1 @@\n-x\n 1\n 2\n 3\n@@ -6 +5 @@\n 5\n 6\n 7\n-y\n+z\n"},
	} {
		if got := unified(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q:\n%s\nwant:\n%s", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestCompare holds that the edits lead from one text to the other.
func TestCompare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", ""}))
		a, b := lines.Draw(t, "a"), lines.Draw(t, "b")
		var from, to []string
		for _, e := range compare(a, b) {
			if e.op != '+' {
				from = append(from, e.line)
			}
			if e.op != '-' {
				to = append(to, e.line)
			}
		}
		if strings.Join(from, "\n") != strings.Join(a, "\n") || strings.Join(to, "\n") != strings.Join(b, "\n") {
			t.Errorf("got %q and %q", from, to)
		}
	})
}

// TestCompareLarge has too many differences for a table.
func TestCompareLarge(t *testing.T) {
	a, b := strings.Repeat("a\n", 5000), strings.Repeat("b\n", 5000)
	if got := unified(a, b); strings.Count(got, "\n-a") != 5000 || strings.Count(got, "\n+b") != 5000 {
		t.Errorf("got %d bytes", len(got))
	}
}
