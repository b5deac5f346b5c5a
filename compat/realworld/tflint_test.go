package realworld

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const untidy = `terraform {
  required_version = ">= 1.0"
}

variable "unused" {
  type = string
}

variable "used" {
  default = "x"
}

output "it" {
  value = "${var.used}"
}
`

// TestTflint has a linter whose rules are in a plugin, which asks the linter for
// what it is to look at, and has it mend what can be mended: over the broker, each
// time the other way.
func TestTflint(t *testing.T) {
	pairs(t, "tflint", "tflint-ruleset-terraform", func(u use) {
		u.env = []string{"TFLINT_PLUGIN_DIR=" + filepath.Dir(u.plugin), "TFLINT_DISABLE_VERSION_CHECK=1"}
		u.write(".tflint.hcl", "plugin \"terraform\" {\n  enabled = true\n  preset  = \"all\"\n}\n")
		u.write("main.tf", untidy)
		// Tflint has the rules in itself, for where there is no plugin.
		if v := u.run(0, "--version"); !strings.Contains(v, "ruleset.terraform (0.15.0)") {
			u.t.Errorf("it does not use the plugin:\n%s", v)
		}
		const found = `5:1 terraform_unused_declarations: variable "unused" is declared but not used
`
		u.equal(issues(u.t, u.run(2, "--format=json")), found)
		u.run(2, "--fix")
		mended, err := os.ReadFile(filepath.Join(u.dir, "main.tf"))
		if err != nil {
			u.t.Fatal(err)
		}
		u.equal(string(mended), "")
		u.equal(issues(u.t, u.run(2, "--format=json")), "")
	})
}

// issues returns the lines of what the linter has found.
func issues(t *testing.T, text string) string {
	t.Helper()
	var found struct {
		Issues []struct {
			Rule    struct{ Name string }
			Message string
			Range   struct{ Start struct{ Line, Column int } }
		}
		Errors []any
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil || len(found.Errors) > 0 {
		t.Errorf("%v %v\n%s", err, found.Errors, text)
	}
	var b strings.Builder
	for _, i := range found.Issues {
		fmt.Fprintf(&b, "%d:%d %s: %s\n", i.Range.Start.Line, i.Range.Start.Column, i.Rule.Name, i.Message)
	}
	return b.String()
}
