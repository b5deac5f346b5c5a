package stdio

import (
	"strings"
	"testing"
	"time"
)

const stackText = "goroutine 1 [running]:\nmain.main()\n\t/src/main.go:5 +0x1d\n"

var stackWant = strings.TrimSuffix(stackText, "\n")

func TestCrash(t *testing.T) {
	for _, tt := range []struct {
		name, in, message, stack string
	}{
		{"nothing", "hello\n", "", ""},
		{"panic", "panic: boom\n\n" + stackText + "exit status 2\n", "panic: boom", stackWant + "\nexit status 2"},
		{"more goroutines", "panic: boom\n\n" + stackText + "\ngoroutine 2 [select]:\nx()\n", "panic: boom", stackWant},
		{"recovered", "panic: a [recovered]\n\tpanic: b\n\n" + stackText, "panic: a [recovered]\n\tpanic: b", stackWant},
		{"nil", "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]\n\n" + stackText,
			"panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]", stackWant},
		{"fatal", "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n",
			"fatal error: all goroutines are asleep - deadlock!", "goroutine 1 [chan receive]:\nmain.main()"},
		{"throw", "fatal error: x\n\nruntime stack:\nruntime.throw()\n\t/p.go:1\n\ngoroutine 1 gp=0x1 m=0 mp=0x2 [running]:\nf()\n\n",
			"fatal error: x", "goroutine 1 gp=0x1 m=0 mp=0x2 [running]:\nf()"},
		{"fault", "unexpected fault address 0x10\nfatal error: fault\n[signal SIGBUS: bus error]\n\n" + stackText,
			"unexpected fault address 0x10\nfatal error: fault\n[signal SIGBUS: bus error]", stackWant},
		{"memory", "runtime: out of memory: cannot allocate\nfatal error: out of memory\n\n" + stackText,
			"runtime: out of memory: cannot allocate\nfatal error: out of memory", stackWant},
		{"signal", "SIGABRT: abort\nPC=0x1 m=0 sigcode=0\n\ngoroutine 0 [idle]:\nf()\n\n", "SIGABRT: abort\nPC=0x1 m=0 sigcode=0", "goroutine 0 [idle]:\nf()"},
		{"several lines, before Go 1.23", "panic: one\ntwo\nthree\n\n" + stackText, "panic: one\ntwo\nthree", stackWant},
		{"inside a line", "old\n\nProgress: 50%panic: boom\n\n" + stackText, "panic: boom", stackWant},
		{"no stack", "log\npanic: boom\n", "panic: boom", ""},
		{"no stack, cut short", "log\npanic: boo", "panic: boo", ""},
		{"stack cut short", "panic: boom\n\ngoroutine 1 [running]:\nmain.ma", "panic: boom", "goroutine 1 [running]:\nmain.ma"},
		{"fake", "panic: just a word\nand on it goes\n", "", ""},
		{"fake, then real", "panic: fake\nlog\nlog\npanic: real\n\n" + stackText, "panic: real", stackWant},
		{"real, then fake", "panic: real\n\n" + stackText + "\nmore\npanic: fake\nlog\n", "panic: real", stackWant},
		{"fake, much later a dump", "panic: fake\n" + strings.Repeat("log line\n", 5000) + "\n" + stackText, "", ""},
		{"latest", "panic: a\n\n" + stackText + "\npanic: b\n\n" + stackText + "\n", "panic: b", stackWant},
		{"in the paragraph before, with CRLF", "no panic: x\r\n\r\nfine\r\n\r\ngoroutine 1 [running]:\r\nf()\r\n", "", ""},
		{"race", "WARNING: DATA RACE\nRead at 0x1 by goroutine 7:\n  f()\n", "", ""},
		{"dump of a live program", "asked for a dump\n\n" + stackText, "", ""},
		{"http", "http: panic serving 1.2.3.4:5: boom\n" + stackText + "\n", "", ""},
		{"in records", `{"@level":"error","@message":"panic: x"}` + "\n", "", ""},
		{"record between", "panic: boom\n" + record + "\n" + stackText, "panic: boom", stackWant},
		{"CRLF", "panic: boom\r\n\r\ngoroutine 1 [running]:\r\nf()\r\n\r\n", "panic: boom", "goroutine 1 [running]:\nf()"},
		{"not a signal", "SIGNIFICANT: no\nSIG: no\nsig\n", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i, next := range []func() int{whole, func() int { return 1 }} {
				out := scan(t, all, tt.in, next)
				if out.crashed != (tt.message != "") || out.crash.Message != tt.message || out.crash.Stack != tt.stack {
					t.Errorf("%d:\n got %q\n     %q\nwant %q\n     %q", i, out.crash.Message, out.crash.Stack, tt.message, tt.stack)
				}
			}
		})
	}
}

func TestCrashIsBounded(t *testing.T) {
	in := "panic: " + strings.Repeat("x", 1<<20) + "\n\ngoroutine 1 [running]:\n" + strings.Repeat("main.f()\n", 1<<18)
	for _, next := range []func() int{whole, func() int { return 1000 }} {
		out := scan(t, all, in, next)
		n := len(out.crash.Message) + len(out.crash.Stack)
		if n > 64<<10 || !strings.HasPrefix(out.crash.Stack, "goroutine 1 [running]:\nmain.f()\n") {
			t.Errorf("%d bytes", n)
		}
	}
}

// A program can print what looks like stacks as fast as it likes. To copy all
// that comes before each of them would take minutes here.
func TestStacksWithoutACrashAreCheap(t *testing.T) {
	for _, line := range []string{"\ngoroutine 1 [a]:\n", "\r\ngoroutine 1 [a]:\r\n", "a panic: x\n\ngoroutine 1 [a]:\n\n"} {
		in := []byte(strings.Repeat(line, 2<<20/len(line)))
		began := time.Now()
		discardAll(NewScanner(all), in)
		if took := time.Since(began); took > 10*time.Second {
			t.Fatalf("%q: 2 MiB took %v", line, took)
		}
	}
}
