package peer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
)

var ioTestContract = &tenon.Contract{Name: "test.IO", Methods: []tenon.Method{{Name: "Copy"}, {Name: "Open"}, {Name: "Peek"}}}

type ioTestServer struct{}

// Copy copies a reader to a writer, both of the caller's; Open returns what it
// was given as one thing to close; Peek reads three bytes.
func (ioTestServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	var r io.Reader
	var w io.Writer
	for in.Next() {
		switch in.Field() {
		case 1:
			r = in.ReadReader(ctx)
		case 2:
			w = in.ReadWriter(ctx)
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	switch method {
	case 0:
		n, err := io.Copy(w, r)
		s.Out().WriteInt(1, n)
		return err
	case 1:
		s.Out().WriteReadCloser(1, io.NopCloser(strings.NewReader("from the other side")), true)
	case 2:
		b := make([]byte, 3)
		_, err := io.ReadFull(r, b)
		s.Out().WriteBytes(1, b)
		return err
	}
	return nil
}

func TestIO(t *testing.T) {
	onEach(t, func(t *testing.T, link func(testing.TB) (a, b carrier.Carrier)) {
		host, _ := connect(t, link, func(_, b *Config) {
			b.Services = []tenon.Service{{Contract: ioTestContract, Server: ioTestServer{}}}
		})
		ref, err := ioTestContract.Bind(host)
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		copyAll := func(r io.Reader, w io.Writer) error {
			s, err := ref.Open(ctx, 0)
			if err != nil {
				return err
			}
			defer s.Close()
			s.Out().WriteReader(1, r, false)
			s.Out().WriteWriter(2, w, false)
			_, err = s.Call()
			return err
		}
		text := strings.Repeat("all of it ", 100_000)
		var got bytes.Buffer
		if err := copyAll(strings.NewReader(text), &got); err != nil || got.String() != text {
			t.Fatal(err, got.Len())
		}
		boom := errors.New("boom")
		if err := copyAll(io.MultiReader(strings.NewReader("x"), errReader{boom}), &got); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Fatal(err)
		}

		s, _ := ref.Open(ctx, 1)
		in, err := s.Call()
		if err != nil {
			t.Fatal(err)
		}
		in.Next()
		rc := in.ReadReadCloser(ctx)
		s.Close()
		b, err := io.ReadAll(rc)
		if err != nil || string(b) != "from the other side" {
			t.Fatal(string(b), err)
		}
		if err := rc.Close(); err != nil {
			t.Fatal(err)
		}

		// No more is taken than was asked for.
		r := strings.NewReader("abcdef")
		s, _ = ref.Open(ctx, 2)
		s.Out().WriteReader(1, r, false)
		if _, err := s.Call(); err != nil || r.Len() != 3 {
			t.Fatal(err, r.Len())
		}
		s.Close()
	})
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
