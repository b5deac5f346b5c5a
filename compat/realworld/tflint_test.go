package realworld

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

const mended = `terraform {
  required_version = ">= 1.0"
}

variable "used" {
  default = "x"
}

output "it" {
  value = var.used
}
`

// What is wrong, sorted as text.
const (
	wrong = `13:1 terraform_documented_outputs: 'it' output has no description
13:1 terraform_standard_module_structure: output "it" should be moved from main.tf to outputs.tf
14:11 terraform_deprecated_interpolation: Interpolation-only expressions are deprecated in Terraform v0.12.14
5:1 terraform_documented_variables: 'unused' variable has no description
5:1 terraform_standard_module_structure: variable "unused" should be moved from main.tf to variables.tf
5:1 terraform_unused_declarations: variable "unused" is declared but not used
9:1 terraform_documented_variables: 'used' variable has no description
9:1 terraform_standard_module_structure: variable "used" should be moved from main.tf to variables.tf
9:1 terraform_typed_variables: 'used' variable has no type
`
	stillWrong = `5:1 terraform_documented_variables: 'used' variable has no description
5:1 terraform_standard_module_structure: variable "used" should be moved from main.tf to variables.tf
5:1 terraform_typed_variables: 'used' variable has no type
9:1 terraform_documented_outputs: 'it' output has no description
9:1 terraform_standard_module_structure: output "it" should be moved from main.tf to outputs.tf
`
)

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
		u.equal(issues(u.t, u.run(2, "--format=json")), wrong)
		u.run(2, "--fix")
		got, err := os.ReadFile(filepath.Join(u.dir, "main.tf"))
		if err != nil {
			u.t.Fatal(err)
		}
		u.equal(string(got), mended)
		u.equal(issues(u.t, u.run(2, "--format=json")), stillWrong)
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
	var lines []string
	for _, i := range found.Issues {
		// A string in backquotes has none.
		message := strings.ReplaceAll(i.Message, "`", "'")
		lines = append(lines, fmt.Sprintf("%d:%d %s: %s\n", i.Range.Start.Line, i.Range.Start.Column, i.Rule.Name, message))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
