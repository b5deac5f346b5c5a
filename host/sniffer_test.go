package host

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/internal/handshake"
)

func grpcOnly(name string) bool { return name == handshake.GRPC }

// sniff feeds text in pieces of the given size.
func sniff(text string, size int, speaks func(string) bool) (*sniffer, string) {
	var out bytes.Buffer
	s := newSniffer(&out, speaks)
	for len(text) > 0 {
		n := min(size, len(text))
		s.Write([]byte(text[:n]))
		text = text[n:]
	}
	s.stop()
	return s, out.String()
}

func TestSniffer(t *testing.T) {
	const line = "1|5|unix|/tmp/x|grpc|\n"
	long := "1|5|unix|/" + strings.Repeat("x", handshake.MaxLine) + "\n"
	for _, c := range []struct {
		name, in, out string
		speaks        func(string) bool
		app           int // of the line that is found; 0: none
		broken        bool
	}{
		{"nothing", "", "", grpcOnly, 0, false},
		{"text", "hello\nyou", "hello\nyou", grpcOnly, 0, false},
		{"line", line, "", grpcOnly, 5, false},
		{"line of Windows", "1|5|tcp|127.0.0.1:9|grpc|\r\n", "", grpcOnly, 5, false},
		{"text around it", "a\n" + line + "b", "a\nb", grpcOnly, 5, false},
		{"second line", line + "1|6|unix|/x|grpc|\n", "1|6|unix|/x|grpc|\n", grpcOnly, 5, false},
		{"almost", "1|5\n1|x|unix|/x\n1", "1|5\n1|x|unix|/x\n1", grpcOnly, 0, false},
		{"cut", "1|5|unix|/tmp/x|gr", "1|5|unix|/tmp/x|gr", grpcOnly, 0, false},
		{"not spoken", "1|5|unix|/x|netrpc|\n", "1|5|unix|/x|netrpc|\n", grpcOnly, 5, false},
		{"no protocol", line, line, nil, 5, false},
		{"wrong core", "2|5|unix|/x|grpc|\n" + line, "2|5|unix|/x|grpc|\n" + line, grpcOnly, 0, true},
		{"wrong core, no protocol", "2|5|unix|/x|grpc|\n" + line, "2|5|unix|/x|grpc|\n" + line, nil, 5, false},
		{"too long", long + line, long + line, grpcOnly, 0, true},
		{"too long, no end", long[:len(long)-1], long[:len(long)-1], grpcOnly, 0, true},
		{"long text", strings.Repeat("1", 1<<17) + "\n" + line, strings.Repeat("1", 1<<17) + "\n", grpcOnly, 5, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 7, 4096, 1 << 20} {
				s, out := sniff(c.in, size, c.speaks)
				if out != c.out {
					t.Errorf("pieces of %d: passed on %.100q, %d bytes, want %d", size, out, len(out), len(c.out))
				}
				app := 0
				if l := s.goPlugin(); l != nil {
					app = l.App
				}
				var e *handshake.LineError
				if app != c.app || errors.As(s.broken(), &e) != c.broken {
					t.Errorf("pieces of %d: found %d, %v", size, app, s.broken())
				}
			}
		})
	}
}

// Whatever is written is passed on, but for a line that is taken.
func FuzzSniffer(f *testing.F) {
	f.Add("a\n1|5|unix|/x|grpc|\nb", 3)
	f.Add("1|5|unix|/x|grpc", 1)
	f.Add("1|1|1|", 2)
	f.Fuzz(func(t *testing.T, in string, size int) {
		s, out := sniff(in, max(size, 1), grpcOnly)
		l := s.goPlugin()
		if l == nil || l.Protocol != handshake.GRPC {
			if out != in {
				t.Errorf("%q became %q", in, out)
			}
			return
		}
		before, rest, _ := strings.Cut(in+"\n", "\n")
		want := ""
		for {
			if p, err := handshake.ParseLine([]byte(before)); err == nil && p.App == l.App && handshake.LooksLikeLine([]byte(before)) {
				break
			}
			want += before + "\n"
			before, rest, _ = strings.Cut(rest, "\n")
		}
		if want += strings.TrimSuffix(rest, "\n"); out != want {
			t.Errorf("%q became %q, not %q", in, out, want)
		}
	})
}
