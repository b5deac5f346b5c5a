package main

import (
	"fmt"
	"strings"

	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin6"
)

// A refusalError is what a provider answers with that has a fault of its own.
type refusalError struct {
	provider    string
	diagnostics []*tfplugin6.Diagnostic
}

// Error has a line for each reason, and further ones for its details.
func (e *refusalError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "provider %s cannot say what its schemas are:", e.provider)
	for _, d := range e.diagnostics {
		b.WriteString("\n  " + describe(d))
	}
	return b.String()
}

// refusal returns the errors among what the provider had to say, as one error.
func refusal(provider string, all []*tfplugin6.Diagnostic) error {
	e := &refusalError{provider: provider}
	for _, d := range all {
		if d.GetSeverity() != tfplugin6.Diagnostic_WARNING {
			e.diagnostics = append(e.diagnostics, d)
		}
	}
	if e.diagnostics == nil {
		return nil
	}
	return e
}

// describe puts what is more than a summary into lines of its own, further to the
// right.
func describe(d *tfplugin6.Diagnostic) string {
	var b strings.Builder
	b.WriteString(d.GetSummary())
	if at := place(d.GetAttribute()); at != "" {
		fmt.Fprintf(&b, " (at %s)", at)
	}
	for line := range strings.Lines(strings.TrimSpace(d.GetDetail())) {
		b.WriteString("\n    " + strings.TrimSpace(line))
	}
	return strings.ToValidUTF8(b.String(), "�")
}

// place writes a path as Terraform's language does: plants["rose"].height.
func place(p *tfplugin6.AttributePath) string {
	var b strings.Builder
	for _, step := range p.GetSteps() {
		switch s := step.GetSelector().(type) {
		case *tfplugin6.AttributePath_Step_AttributeName:
			if b.Len() > 0 {
				b.WriteString(".")
			}
			b.WriteString(s.AttributeName)
		case *tfplugin6.AttributePath_Step_ElementKeyString:
			fmt.Fprintf(&b, "[%q]", s.ElementKeyString)
		case *tfplugin6.AttributePath_Step_ElementKeyInt:
			fmt.Fprintf(&b, "[%d]", s.ElementKeyInt)
		}
	}
	return b.String()
}
