package stdio

import (
	"bytes"
	"strings"
)

// A tail keeps the last bytes of what is written to it.
type tail struct {
	buf   []byte // up to twice max, so that it is moved once in max bytes
	max   int
	older bool // there was more than buf holds
}

func (t *tail) write(p []byte) {
	if len(p) > t.max {
		p = p[len(p)-t.max:]
		t.buf, t.older = t.buf[:0], true
	}
	if len(t.buf)+len(p) > 2*t.max {
		n := copy(t.buf, t.buf[len(t.buf)-t.max:])
		t.buf, t.older = t.buf[:n], true
	}
	t.buf = append(t.buf, p...)
}

// bytes returns what is kept, which is valid until the next write.
func (t *tail) bytes() []byte { return t.buf[max(0, len(t.buf)-t.max):] }

// lines returns the last n lines. One whose beginning is lost says so.
func (t *tail) lines(n int) []string {
	b := t.bytes()
	if len(b) == 0 {
		return nil
	}
	text := strings.ToValidUTF8(string(bytes.TrimSuffix(b, []byte("\n"))), "\uFFFD")
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	if t.older || len(b) < len(t.buf) {
		lines[0] = "…" + lines[0]
	}
	return lines[max(0, len(lines)-n):]
}
