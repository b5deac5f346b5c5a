package host_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

func mustDoPid(pid int) string { return strconv.Itoa(pid) }

// 10 MB without a newline, on either stream, arrive as they were.
func TestLongLine(t *testing.T) {
	const size = 10_000_000
	cmd := tenontest.Command(t, "tool")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	p := start(t, host.Config{Cmd: cmd})
	mustDo(t, p, "flood 1 "+strconv.Itoa(size))
	mustDo(t, p, "flood 2 "+strconv.Itoa(size))
	if err := stop(t, p, time.Minute); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"stdout": out.Bytes(), "stderr": errs.Bytes()} {
		if !bytes.Equal(got, pattern(size)) {
			t.Errorf("%s: %d bytes, not those that were written", name, len(got))
		}
	}
}

// What was printed before the end is there when Done is closed.
func TestOutputBeforeExit(t *testing.T) {
	cmd := tenontest.Command(t, "tool")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	p := start(t, host.Config{Cmd: cmd})
	do(p, "printexit farewell")
	receive(t, p.Done(), "Done")
	if out.Len() != 60<<10+3 || !strings.HasSuffix(out.String(), "xend") || errs.String() != "farewell" {
		t.Errorf("%d bytes, %q", out.Len(), errs.String())
	}
}

func TestOutputBeforePanic(t *testing.T) {
	cmd := tenontest.Command(t, "tool")
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	p := start(t, host.Config{Cmd: cmd})
	mustDo(t, p, "print one")
	do(p, "die of sorrow")
	receive(t, p.Done(), "Done")
	if s := both.String(); !strings.HasPrefix(s, "one\npanic: of sorrow") || !strings.Contains(s, "goroutine ") {
		t.Errorf("%q", s)
	}
}

// One buffer for both streams is not written to by two goroutines: the race
// detector is the judge.
func TestSameWriter(t *testing.T) {
	cmd := tenontest.Command(t, "tool")
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	p := start(t, host.Config{Cmd: cmd})
	for range 20 {
		mustDo(t, p, "print o")
		mustDo(t, p, "eprint e")
	}
	stop(t, p, time.Minute)
	if strings.Count(both.String(), "o\n") != 20 || strings.Count(both.String(), "e\n") != 20 {
		t.Errorf("%q", both.String())
	}
}

func TestBlockedWriter(t *testing.T) {
	block := make(chan struct{})
	defer close(block)
	cmd := tenontest.Command(t, "tool")
	cmd.Stdout = writerFunc(func(p []byte) (int, error) { <-block; return len(p), nil })
	cmd.Stderr = cmd.Stdout
	p := start(t, host.Config{Cmd: cmd})
	mustDo(t, p, "print x")
	began := time.Now()
	err := stop(t, p, time.Second)
	t.Logf("%v: %v", time.Since(began), err)
	if err != nil || time.Since(began) > time.Second+slack {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	receive(t, p.Done(), "Done")
}

func TestFailingWriter(t *testing.T) {
	tenontest.CheckLeaks(t)
	cmd := tenontest.Command(t, "tool")
	var errs bytes.Buffer
	cmd.Stdout = writerFunc(func([]byte) (int, error) { return 0, errors.New("disk full") })
	cmd.Stderr = &errs
	p := start(t, host.Config{Cmd: cmd})
	mustDo(t, p, "flood 1 1000000") // more than a pipe holds: it is read all the same
	mustDo(t, p, "eprint hello")
	if err := stop(t, p, time.Minute); err != nil || errs.String() != "hello\n" {
		t.Errorf("%v, %q", err, errs.String())
	}
}

// A file is the plugin's own descriptor.
func TestFileAsOutput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := tenontest.Command(t, "tool")
	cmd.Stdout, cmd.Stderr = f, f
	p := start(t, host.Config{Cmd: cmd})
	if got := mustDo(t, p, "fdlink 1"); got != path {
		t.Errorf("stdout is %s", got)
	}
	mustDo(t, p, "print one")
	mustDo(t, p, "eprint two")
	got, _ := os.ReadFile(path)
	if string(got) != "one\ntwo\n" {
		t.Errorf("%q", got)
	}
	if err := stop(t, p, time.Minute); err != nil {
		t.Error(err)
	}
	if _, err := f.WriteString("mine"); err != nil {
		t.Error("the host's file was closed:", err)
	}
}

// Who holds the streams open after the plugin's end delays nothing.
func TestGrandchildHoldsOutput(t *testing.T) {
	for _, verb := range []string{"grandchild", "escape"} {
		t.Run(verb, func(t *testing.T) {
			tenontest.CheckLeaks(t)
			p := tool(t)
			pid := mustDo(t, p, verb)
			began := time.Now()
			_, err := do(p, "exit 3")
			exitError(t, err)
			receive(t, p.Done(), "Done")
			took := time.Since(began)
			t.Log(took)
			if took > slack {
				t.Errorf("it took %v", took)
			}
			if verb == "grandchild" {
				until(t, "the grandchild's end", func() bool { return gone(pid) })
			} else {
				killPid(pid)
			}
		})
	}
}

// Everything that the plugin started goes with Stop, however it hides.
func TestStopTakesTree(t *testing.T) {
	p := tool(t)
	pids := []string{mustDo(t, p, "grandchild"), mustDo(t, p, "escape")}
	begin(t, p, "hang")
	ctx, cancel := context0()
	cancel()
	p.Stop(ctx)
	for _, pid := range pids {
		until(t, "the end of "+pid, func() bool { return gone(pid) })
	}
}

// ---- logs

type record struct {
	Time   time.Time      `json:"time"`
	Level  string         `json:"level"`
	Msg    string         `json:"msg"`
	Plugin string         `json:"plugin"`
	N      int            `json:"n"`
	G      map[string]any `json:"g"`
	A      int            `json:"a"`
	Outer  map[string]any `json:"outer"`
	Source *slog.Source   `json:"source"`
	Module string         `json:"module"`
	Key    string         `json:"key"`
}

func jsonLogger(w *buffer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

func textLogger(w *buffer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func records(t *testing.T, b *buffer) (all []record) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(b.String()))
	for d.More() {
		var r record
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%v in %s", err, b.String())
		}
		all = append(all, r)
	}
	return all
}

func TestLogRecords(t *testing.T) {
	var logged buffer
	p := start(t, host.Config{Name: "kv", Cmd: command(t, "source"), Logger: jsonLogger(&logged, slog.LevelInfo)})
	began := time.Now()
	mustDo(t, p, "log hello")
	mustDo(t, p, "logf printed")
	stop(t, p, time.Minute)
	all := records(t, &logged)
	if len(all) != 3 {
		t.Fatal(logged.String())
	}
	r := all[0]
	if r.Level != "WARN" || r.Msg != "hello" || r.Plugin != "kv" || r.N != 1 || r.G["s"] != "deep" || r.Time.Before(began.Add(-time.Minute)) || r.Time.After(time.Now()) {
		t.Errorf("%+v", r)
	}
	if r.Source == nil || filepath.Base(r.Source.File) != "tool_test.go" || r.Source.Line == 0 {
		t.Errorf("source %+v", r.Source)
	}
	if r := all[1]; r.Level != "ERROR" || r.A != 1 || r.Outer["b"] != true {
		t.Errorf("%+v", r)
	}
	if r := all[2]; r.Level != "INFO" || r.Msg != "printed" {
		t.Errorf("%+v", r)
	}
}

func TestLogLevel(t *testing.T) {
	var logged buffer
	p := start(t, host.Config{Cmd: command(t, "tool"), LogLevel: slog.LevelWarn, Logger: jsonLogger(&logged, slog.LevelDebug)})
	set := func(level slog.Level) {
		if err := p.SetLogLevel(t.Context(), level); err != nil {
			t.Fatal(err)
		}
	}
	mustDo(t, p, "debug no 1")
	mustDo(t, p, "logf no 2")
	set(slog.LevelDebug)
	mustDo(t, p, "debug yes")
	set(slog.LevelInfo)
	mustDo(t, p, "debug no 3")
	stop(t, p, time.Minute)
	if all := records(t, &logged); len(all) != 1 || all[0].Msg != "yes" {
		t.Error(logged.String())
	}
}

// A record that is logged right before the end arrives, the first one included.
func TestLogBeforeExit(t *testing.T) {
	for range 20 {
		var logged buffer
		p := start(t, host.Config{Cmd: command(t, "tool"), Logger: textLogger(&logged)})
		do(p, "logexit famous last words")
		receive(t, p.Done(), "Done")
		if !strings.Contains(logged.String(), "famous last words") {
			t.Fatalf("%q", logged.String())
		}
	}
}

func TestHCLogLines(t *testing.T) {
	cmd := tenontest.Command(t, "tool")
	var text, logged buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	p := start(t, host.Config{Name: "kv", Cmd: cmd, Logger: jsonLogger(&logged, slog.LevelDebug)})
	mustDo(t, p, `eprint {"@level":"warn","@message":"old school","@module":"kv.disk","@timestamp":"2026-01-02T15:04:05.000000Z","key":"value"}`)
	mustDo(t, p, `eprint {"just":"json"}`)
	stop(t, p, time.Minute)
	if text.String() != "{\"just\":\"json\"}\n" {
		t.Errorf("%q", text.String())
	}
	all := records(t, &logged)
	if len(all) != 1 || all[0].Level != "WARN" || all[0].Msg != "old school" || all[0].Plugin != "kv" || all[0].Key != "value" || all[0].Module != "kv.disk" {
		t.Errorf("%+v", all)
	}
}

// A logger that hangs costs the host neither calls nor Stop.
func TestBlockedLogger(t *testing.T) {
	block := make(chan struct{})
	defer close(block)
	logger := slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) { <-block; return len(p), nil }), nil))
	p := start(t, host.Config{Cmd: command(t, "tool"), Logger: logger})
	mustDo(t, p, "logf one")
	mustDo(t, p, "echo two")
	began := time.Now()
	err := stop(t, p, time.Second)
	t.Logf("%v: %v", time.Since(began), err)
	if time.Since(began) > time.Second+slack {
		t.Errorf("it took %v", time.Since(began))
	}
}

// What a service is called for before the plugin is ready to log waits.
func TestFirstCallLogs(t *testing.T) {
	for range 10 {
		cmd := tenontest.Command(t, "tool")
		var text, logged buffer
		cmd.Stdout, cmd.Stderr = &text, &text
		p := start(t, host.Config{Cmd: cmd, Logger: textLogger(&logged)})
		mustDo(t, p, "logf first")
		stop(t, p, time.Minute)
		if text.String() != "" || !strings.Contains(logged.String(), "first") {
			t.Fatalf("printed %q, logged %q", text.String(), logged.String())
		}
	}
}
