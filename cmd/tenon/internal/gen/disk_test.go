package gen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A ledger whose beginning is damaged is not taken for somebody else's file.
func TestCheckDamage(t *testing.T) {
	const whole = header + " from kv.go. DO NOT EDIT.\n//\n" + ledgerNote + ": tenon gen reads the numbers\n\nsyntax = \"proto3\";\n"
	for _, c := range []struct{ name, text, want string }{
		{"whole", whole, ""},
		{"empty", "", "the ledger of field numbers is damaged: it is empty; restore it"},
		{"blank", "\n \n", "is damaged: it is empty"},
		{"conflict", "<<<<<<< HEAD\n" + whole + "=======\n>>>>>>> other\n", "is damaged: it has the marks of a merge with a conflict; resolve the conflict"},
		{"something above", "\n" + whole, "is damaged: it does not begin with"},
		{"cut off above", whole[strings.Index(whole, "\n")+1:], "is damaged: it does not begin with"},
		{"somebody else's", "syntax = \"proto3\";\n// ======= and <<<<<<<\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "kv.proto"), []byte(c.text), 0o666); err != nil {
				t.Fatal(err)
			}
			d, err := readDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			err = d.checkDamage("kv.proto")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
