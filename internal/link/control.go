package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/logs"
)

// The services that every connection has. They are contracts like any other;
// PROTOCOL.md, section 7, has their .proto.
var (
	logContract = &tenon.Contract{
		Name:    "tenon.Log",
		Methods: []tenon.Method{{Name: "Write", ClientStream: true}},
	}
	controlContract = &tenon.Contract{
		Name:    "tenon.Control",
		Methods: []tenon.Method{{Name: "SetLogLevel"}},
	}
)

// maxLogs is how many streams of log records a connection can have. A plugin
// needs one, and another if it opens it anew before the host has seen the end of
// the old one.
const maxLogs = 4

// ServeLog returns the service, of the host, that takes a plugin's log records.
// It is one connection's: the streams are counted.
func ServeLog(deliver func(context.Context, slog.Record)) tenon.Service {
	return tenon.Service{Contract: logContract, Server: &logServer{deliver: deliver}}
}

type logServer struct {
	deliver func(context.Context, slog.Record)
	streams atomic.Int32
}

func (l *logServer) ServeCall(ctx context.Context, _ int, s tenon.Stream) error {
	// Each stream may make the host hold a record of the largest size, and take
	// the time of its logger.
	defer l.streams.Add(-1)
	if l.streams.Add(1) > maxLogs {
		return &tenon.Error{
			Code:    tenon.ResourceExhausted,
			Message: fmt.Sprintf("no more than %d streams of log records at a time", maxLogs),
		}
	}
	for {
		m, err := s.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		l.deliver(ctx, readRecord(m))
	}
}

// readRecord returns the record that m holds. One that is too large is not read,
// since a record costs more memory than its message: another says so.
func readRecord(m *tenon.Message) slog.Record {
	if n := m.Len(); n > logs.MaxSize {
		text := fmt.Sprintf("the plugin sent a log record of %d bytes, more than the %d that it can have", n, logs.MaxSize)
		return slog.NewRecord(time.Now(), slog.LevelWarn, text, 0)
	}
	// A record that is malformed in part is better than none.
	r, _ := logs.Parse(m)
	return r
}

// A LogWriter sends log records to the host. It is safe for concurrent use.
type LogWriter struct {
	cancel context.CancelFunc // of the stream's context

	mu     sync.Mutex
	stream tenon.Stream
	closed bool
}

var errLogClosed = errors.New("the log is closed")

// OpenLog returns a writer for the log of the other side of conn. It fails if
// that has none.
func OpenLog(ctx context.Context, conn tenon.Conn) (*LogWriter, error) {
	ref, err := logContract.Bind(conn)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s, err := ref.Open(ctx, 0)
	if err != nil {
		cancel()
		return nil, err
	}
	return &LogWriter{cancel: cancel, stream: s}, nil
}

// Write sends one encoded record. While the host is behind it waits.
func (w *LogWriter) Write(record []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errLogClosed
	}
	w.stream.Out().WriteRaw(record)
	return w.stream.Send()
}

// Close ends the log, and waits until the host has taken all of it or ctx ends.
func (w *LogWriter) Close(ctx context.Context) {
	// By way of the context, since somebody may be in Write, and wait for a host
	// that does not read.
	defer w.cancel()
	defer context.AfterFunc(ctx, w.cancel)()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	if w.stream.CloseSend() == nil {
		w.stream.Recv()
	}
	w.stream.Close()
}

// ServeControl returns the service, of the plugin, by which the host sets the
// level from which on the plugin logs.
func ServeControl(level *slog.LevelVar) tenon.Service {
	return tenon.Service{Contract: controlContract, Server: controlServer{level}}
}

type controlServer struct{ level *slog.LevelVar }

func (c controlServer) ServeCall(_ context.Context, _ int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	var level slog.Level
	for m.Next() {
		if m.Field() == 1 {
			level = slog.Level(m.ReadSint())
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	c.level.Set(level)
	return nil
}

// SetLogLevel sets the level from which on the other side of conn logs.
func SetLogLevel(ctx context.Context, conn tenon.Conn, level slog.Level) error {
	ref, err := controlContract.Bind(conn)
	if err != nil {
		return err
	}
	s, err := ref.Open(ctx, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	s.Out().WriteSint(1, int64(level))
	_, err = s.Call()
	return err
}
