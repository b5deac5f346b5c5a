package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
)

var fieldsContract = &tenon.Contract{Name: "test.Fields", Methods: []tenon.Method{{Name: "Abuse"}, {Name: "Open"}, {Name: "Return"}}}

// A fieldsServer opens a buffer to be read and written, and takes it back.
type fieldsServer struct {
	own      *bytes.Buffer
	returned chan io.ReadWriter
}

func (f *fieldsServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	if method == 1 {
		s.Out().WriteReadWriter(1, f.own, true)
		return nil
	}
	in, err := s.Recv()
	if err != nil {
		return err
	}
	in.Next()
	if method == 2 {
		f.returned <- in.ReadReadWriter(ctx)
		return in.Err()
	}
	// What was passed as a reader is taken for more than that.
	file := in.ReadReadWriteCloser(ctx)
	_, err = file.Write([]byte("owned"))
	return errors.Join(err, file.Close())
}

func TestIOFields(t *testing.T) {
	onEach(t, func(t *testing.T, link func(testing.TB) (a, b carrier.Carrier)) {
		impl := &fieldsServer{own: bytes.NewBufferString("text"), returned: make(chan io.ReadWriter, 1)}
		host, _ := connect(t, link, func(_, b *Config) {
			b.Services = []tenon.Service{{Contract: fieldsContract, Server: impl}}
		})
		ref, err := fieldsContract.Bind(host)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("a reader is no more than a reader", func(t *testing.T) { abuse(t, ref) })
		t.Run("a reader and writer comes home", func(t *testing.T) { comeHome(t, ref, impl) })
		if err := host.Ping(t.Context()); err != nil { // what was released has arrived before this
			t.Fatal(err)
		}
	})
}

func abuse(t *testing.T, ref *tenon.Ref) {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := ref.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Out().WriteReader(1, f, false)
	if _, err := s.Call(); tenon.CodeOf(err) != tenon.Unimplemented {
		t.Errorf("got %v", err)
	}
	if info, err := f.Stat(); err != nil || info.Size() > 0 {
		t.Errorf("the file was written to or closed: %v", err)
	}
}

func comeHome(t *testing.T, ref *tenon.Ref, impl *fieldsServer) {
	s, err := ref.Open(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.Call()
	if err != nil {
		t.Fatal(err)
	}
	in.Next()
	rw := in.ReadReadWriter(t.Context())
	s.Close()
	if s, err = ref.Open(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Out().WriteReadWriter(1, rw, false)
	if _, err := s.Call(); err != nil {
		t.Fatal(err)
	}
	if v := <-impl.returned; v != impl.own {
		t.Errorf("a %T came home", v)
	}
	tenon.Release(rw)
}
