package grpcplug

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
)

// Stop lets calls end, and takes no more.
func TestStopWaitsForCalls(t *testing.T) {
	s := start(t, "echo", Protocol{})
	ref, _ := echoContract.Bind(s)
	x, err := ref.Open(t.Context(), echoContract.Index("Both"))
	if err != nil {
		t.Fatal(err)
	}
	x.Out().WriteString(1, "a")
	if err := x.Send(); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Recv(); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	var lost *tenon.TransportError
	for {
		_, err := call(t.Context(), s, "Echo", "x")
		if errors.As(err, &lost) && lost.Unsent {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	x.Out().WriteString(1, "b")
	if err := x.SendLast(); err != nil {
		t.Error(err)
	}
	if m, err := x.Recv(); err != nil {
		t.Error(err)
	} else if got, _ := readText(m); got != "b" {
		t.Errorf("got %q", got)
	}
	if _, err := x.Recv(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	x.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// All that a plugin says on its way out arrives.
func TestLastWords(t *testing.T) {
	s := start(t, "onstop", Protocol{})
	big := strings.Repeat(strings.Repeat("z", 99)+"\n", 20000)
	if _, err := call(t.Context(), s, "Say", big); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if got := s.out.String(); got != big+"last words\n" {
		t.Errorf("%d bytes arrived of %d: …%q", len(got), len(big), got[max(0, len(got)-50):])
	}
	if !strings.Contains(s.log.String(), "last record") || strings.Contains(s.errs.String(), "@message") {
		t.Errorf("log %q, stderr %q", s.log, s.errs)
	}
}

func TestStopTimeout(t *testing.T) {
	s := start(t, "neverstop", Protocol{})
	began := time.Now()
	if err := s.stop(); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// A file for the output is not handed to a plugin that says there where it is.
func TestOutputToFile(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := try(t, "echo", Protocol{}, func(c *host.Config) { c.Cmd.Stdout, c.Cmd.Stderr = f, f })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call(t.Context(), s, "Say", "to the file"); err != nil {
		t.Error(err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(f.Name()); string(got) != "to the file" {
		t.Errorf("got %q", got)
	}
}

// Kill ends what is under way, at once.
func TestKill(t *testing.T) {
	for name, p := range settings {
		t.Run(name, func(t *testing.T) {
			s := start(t, "echo", p)
			ended := make(chan error, 1)
			go func() {
				_, err := call(t.Context(), s, "Wait", "")
				ended <- err
			}()
			s.Kill()
			<-s.Done()
			var exit *host.ExitError
			if err := <-ended; !errors.As(err, &exit) {
				t.Errorf("the call ended with %v", err)
			}
			if err := s.Err(); !errors.As(err, &exit) || !exit.Killed {
				t.Errorf("the plugin ended with %v", err)
			}
		})
	}
}
