package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/logs"
)

// A sender is the stream of a plugin that sends the given messages. If held is
// not nil, it keeps the stream open until that is closed.
type sender struct {
	tenon.Stream
	messages [][]byte
	began    chan struct{} // is sent to when the host waits for a message
	held     chan struct{}
}

func (s *sender) Recv() (*tenon.Message, error) {
	if s.began != nil {
		s.began <- struct{}{}
		<-s.held
	}
	if len(s.messages) == 0 {
		return nil, io.EOF
	}
	var m tenon.Message
	m.Load(s.messages[0], nil)
	s.messages = s.messages[1:]
	return &m, nil
}

// record returns a record of the given size.
func record(t *testing.T, size int) []byte {
	t.Helper()
	encode := func(n int) []byte {
		var m tenon.Message
		m.WriteString(4, strings.Repeat("x", n))
		return m.Raw()
	}
	b := encode(size - (len(encode(size)) - size))
	if len(b) != size {
		t.Fatalf("%d bytes, want %d", len(b), size)
	}
	return b
}

func TestLogBoundsRecords(t *testing.T) {
	var got []slog.Record
	log := ServeLog(func(_ context.Context, r slog.Record) { got = append(got, r) })
	sizes := []int{100, logs.MaxSize, logs.MaxSize + 1, 8 << 20, 200}
	s := &sender{}
	for _, n := range sizes {
		s.messages = append(s.messages, record(t, n))
	}
	if err := log.Server.ServeCall(t.Context(), 0, s); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(sizes) {
		t.Fatalf("%d records, want %d", len(got), len(sizes))
	}
	for i, n := range sizes {
		checkBound(t, got[i], n)
	}
}

func checkBound(t *testing.T, r slog.Record, size int) {
	t.Helper()
	if size <= logs.MaxSize {
		if r.Level != slog.LevelInfo || strings.Trim(r.Message, "x") != "" {
			t.Errorf("%d bytes: not what was sent: %v %.100s", size, r.Level, r.Message)
		}
		return
	}
	says := fmt.Sprintf("a log record of %d bytes", size)
	if r.Level != slog.LevelWarn || !strings.Contains(r.Message, says) || r.Time.IsZero() || r.NumAttrs() != 0 {
		t.Errorf("%d bytes: %v %.100s", size, r.Level, r.Message)
	}
}

func TestLogBoundsStreams(t *testing.T) {
	log := ServeLog(func(context.Context, slog.Record) {})
	began, held, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	for range maxLogs {
		go func() { ended <- log.Server.ServeCall(t.Context(), 0, &sender{began: began, held: held}) }()
		await(t, began)
	}
	for range 3 {
		var e *tenon.Error
		err := log.Server.ServeCall(t.Context(), 0, &sender{})
		if !errors.As(err, &e) || e.Code != tenon.ResourceExhausted {
			t.Errorf("one too many: %v", err)
		}
	}
	if err := ServeLog(nil).Server.ServeCall(t.Context(), 0, &sender{}); err != nil {
		t.Errorf("on another connection: %v", err)
	}
	close(held)
	for range maxLogs {
		if err := await(t, ended); err != nil {
			t.Error(err)
		}
	}
	if err := log.Server.ServeCall(t.Context(), 0, &sender{}); err != nil {
		t.Errorf("after the others have ended: %v", err)
	}
}

func await[T any](t *testing.T, c chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happens")
	}
	return v
}
