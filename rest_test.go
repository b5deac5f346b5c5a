package tenon_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"testing"

	"github.com/tenon-go/tenon"
)

// count sends 0, 1, 2 and so on, after a head of -1.
func count(n int) streamServer {
	return func(ctx context.Context, call tenon.Stream) error {
		for v := -1; v < n; v++ {
			writeInt(call.Out(), v)
			if err := call.Send(); err != nil {
				return err
			}
		}
		return nil
	}
}

// rested is what a generated method does that returns a stream beside others.
func rested[T any](t *testing.T, ctx context.Context, ref *tenon.Ref, make func(*tenon.Rest) T) T {
	t.Helper()
	call, err := ref.Open(ctx, streamDown)
	if err != nil {
		t.Fatal(err)
	}
	rest := tenon.NewRest(ref, streamDown, call)
	defer rest.Close()
	if err := call.SendLast(); err != nil {
		t.Fatal(err)
	}
	in, err := rest.Head()
	if err != nil {
		t.Fatal(err)
	}
	if head := readInt(in); head != -1 {
		t.Fatal(head)
	}
	return make(rest)
}

func restSeqErr(r *tenon.Rest) iter.Seq2[int, error] { return tenon.RestSeqErr(r, readInt) }

func TestRest(t *testing.T) {
	ref := streaming(t, count(3))
	all := rested(t, t.Context(), ref, func(r *tenon.Rest) iter.Seq[int] { return tenon.RestSeq(r, readInt) })
	if got := slices.Collect(all); !slices.Equal(got, []int{0, 1, 2}) {
		t.Error(got)
	}
	ch := rested(t, t.Context(), ref, func(r *tenon.Rest) <-chan int { return tenon.RestChan(r, readInt) })
	if got := slices.Collect(tenon.Until(t.Context(), ch)); !slices.Equal(got, []int{0, 1, 2}) {
		t.Error(got)
	}
	pairs := rested(t, t.Context(), ref, func(r *tenon.Rest) iter.Seq2[int, int] { return tenon.RestSeq2(r, readPair) })
	n := 0
	for k, v := range pairs {
		n += k + v
	}
	if n != 3 {
		t.Error(n)
	}
}

func TestRestIsRangedOnce(t *testing.T) {
	ref := streaming(t, count(3))
	seq := rested(t, t.Context(), ref, restSeqErr)
	for range seq {
		break
	}
	for v, err := range seq {
		if tenon.CodeOf(err) != tenon.FailedPrecondition {
			t.Error(v, err)
		}
	}
}

func TestRestIsGivenUpWithContext(t *testing.T) {
	ref := streaming(t, count(1e6))
	ctx, cancel := context.WithCancel(t.Context())
	seq := rested(t, ctx, ref, restSeqErr)
	cancel()
	settle(t, ref)
	for v, err := range seq {
		if !errors.Is(err, context.Canceled) {
			t.Error(v, err)
		}
	}
}

func TestRestIsGivenUpWhenForgotten(t *testing.T) {
	ref := streaming(t, count(1e6))
	rested(t, t.Context(), ref, restSeqErr)
	settle(t, ref)
}

func TestReceiverOfChannelGoesAway(t *testing.T) {
	ref := streaming(t, count(1e6))
	ctx, cancel := context.WithCancel(t.Context())
	ch := rested(t, ctx, ref, func(r *tenon.Rest) <-chan int { return tenon.RestChan(r, readInt) })
	<-ch
	cancel()
	for range ch { // at most what was under way, and then it is closed
	}
}

func TestPanicWhileReadingChannel(t *testing.T) {
	ref := streaming(t, count(3))
	ch := rested(t, t.Context(), ref, func(r *tenon.Rest) <-chan int {
		return tenon.RestChan(r, func(*tenon.Message) int { panic("mine") })
	})
	if v, ok := <-ch; ok {
		t.Error(v)
	}
	if lost := ref.Conn().Stats().Lost; lost != 1 {
		t.Errorf("%d calls lost, want 1", lost)
	}
}

func TestHeadIsMissing(t *testing.T) {
	ref := streaming(t, func(context.Context, tenon.Stream) error { return nil })
	call, err := ref.Open(t.Context(), streamDown)
	if err != nil {
		t.Fatal(err)
	}
	rest := tenon.NewRest(ref, streamDown, call)
	defer rest.Close()
	if err := call.SendLast(); err != nil {
		t.Fatal(err)
	}
	if _, err := rest.Head(); err == nil || err == io.EOF {
		t.Error(err)
	}
}

func TestUntil(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ch := make(chan int, 1)
	ch <- 1
	n := 0
	for range tenon.Until(ctx, ch) {
		n++
		cancel()
	}
	if n != 1 {
		t.Error(n)
	}
	if _, ok := <-tenon.NoChan[int](); ok {
		t.Error("NoChan is open")
	}
}
