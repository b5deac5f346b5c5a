package host

import (
	"io"
	"os"

	"github.com/tenon-go/tenon/internal/process"
)

// connectInput gives the plugin its standard input.
func (s *start) connectInput(spec *process.Spec) error {
	in := s.cfg.Cmd.Stdin
	if in == nil {
		spec.Stdin = os.Stdin
		return nil
	}
	if f, ok := asFile(in); ok {
		spec.Stdin = f
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	s.files = append(s.files, r)
	spec.Stdin, s.stdin = r, w
	return nil
}

// feedInput copies to the plugin what Cmd.Stdin reads. As with package exec,
// but not waited for: a reader that blocks must not keep the plugin's end from
// being noticed.
func (p *Plugin) feedInput() {
	if p.stdin == nil {
		return
	}
	go func() {
		io.Copy(p.stdin, p.cfg.Cmd.Stdin)
		p.stdin.Close()
	}()
}

// closeInput is for the end of a plugin that has not read everything.
func (p *Plugin) closeInput() {
	if p.stdin != nil {
		p.stdin.Close()
	}
}
