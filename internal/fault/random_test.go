package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/tenon-go/tenon"
)

// forest makes random error trees of everything that is to keep its identity.
type forest struct{ *rand.Rand }

func (f forest) tree(depth int) error {
	if depth <= 0 || f.IntN(4) == 0 {
		return f.leaf()
	}
	kid := f.tree(depth - 1)
	switch f.IntN(12) {
	case 0:
		return fmt.Errorf("step %d: %w", f.IntN(100), kid)
	case 1:
		return fmt.Errorf("%w, then %w", kid, f.tree(depth-1))
	case 2:
		return errors.Join(kid, f.tree(depth-1), f.tree(depth-2))
	case 3:
		return errors.Join(kid)
	case 4:
		return &foreign{"unrelated text", kid}
	case 5:
		return &fs.PathError{Op: "open", Path: "/p", Err: kid}
	case 6:
		return &os.LinkError{Op: "link", Old: "/o", New: "/n", Err: kid}
	case 7:
		return os.NewSyscallError("read", kid)
	case 8:
		return &strconv.NumError{Func: "Atoi", Num: "x", Err: kid}
	case 9:
		return &tenon.Error{Code: tenon.Code(1 + f.IntN(16)), Message: "answer", Service: "s.S", Method: "M", Err: kid}
	case 10:
		return &opError{"op", kid}
	}
	return &tenon.Error{Code: tenon.Code(1 + f.IntN(16)), Message: "made here", Err: kid}
}

func (f forest) leaf() error {
	switch f.IntN(8) {
	case 0:
		return errors.New("leaf " + strconv.Itoa(f.IntN(10)))
	case 1:
		return syscall.Errno(f.IntN(140))
	case 2:
		return &keyError{"k", f.Int64()}
	case 3:
		return &claims{[]error{every[f.IntN(len(every))], every[f.IntN(len(every))]}}
	case 4:
		return quota(f.IntN(5))
	case 5:
		return &tenon.TransportError{Op: "read", Err: every[f.IntN(len(every))]}
	}
	return every[f.IntN(len(every))]
}

// TestRandomTrees checks what Decode promises on 5,000 trees, after one trip
// and after a second one.
func TestRandomTrees(t *testing.T) {
	for seed := range uint64(5_000) {
		f := forest{rand.New(rand.NewPCG(seed, 1))}
		before := f.tree(1 + f.IntN(6))
		once := trip(before)
		twice := trip(once)
		for _, after := range []*tenon.Error{once, twice} {
			if diff := compare(before, after); diff != "" {
				t.Fatalf("seed %d: %s\nbefore: %v\nafter:  %v", seed, diff, before, after)
			}
		}
	}
}

func compare(before error, after *tenon.Error) string {
	if before.Error() != after.Error() {
		return "the text differs"
	}
	if want := tenon.CodeOf(before); after.Code != want {
		return fmt.Sprintf("code %v, want %v", after.Code, want)
	}
	for _, s := range every {
		if errors.Is(before, s) != errors.Is(after, s) {
			return fmt.Sprintf("errors.Is(%v) is %v", s, errors.Is(after, s))
		}
	}
	for _, diff := range []string{
		compareAs(before, after, func(e *fs.PathError) string { return e.Op + e.Path + e.Err.Error() }),
		compareAs(before, after, func(e *os.LinkError) string { return e.Op + e.Old + e.New + e.Err.Error() }),
		compareAs(before, after, func(e *os.SyscallError) string { return e.Error() }),
		compareAs(before, after, func(e *strconv.NumError) string { return e.Error() }),
		compareAs(before, after, func(e syscall.Errno) string { return fmt.Sprintf("%d", e) }),
		compareAs(before, after, func(e *keyError) string { return e.Error() }),
		compareAs(before, after, func(e *opError) string { return e.Op }),
		compareAs(before, after, func(e quota) string { return e.Error() }),
		compareTexts(texts(before, nil), texts(after, nil)),
	} {
		if diff != "" {
			return diff
		}
	}
	return ""
}

func compareAs[T error](before, after error, show func(T) string) string {
	var b, a T
	was, is := errors.As(before, &b), errors.As(after, &a)
	if was != is {
		return fmt.Sprintf("errors.As(%T) is %v", b, is)
	}
	if was && show(b) != show(a) {
		return fmt.Sprintf("%T: %s became %s", b, show(b), show(a))
	}
	return ""
}

// compareTexts allows for the roots that were put on top by each trip.
func compareTexts(before, after []string) string {
	for len(after) > len(before) && after[0] == before[0] {
		after = after[1:]
	}
	if fmt.Sprint(before) != fmt.Sprint(after) {
		return fmt.Sprintf("the texts of the nodes differ: %q, %q", before, after)
	}
	return ""
}

func texts(err error, list []string) []string {
	list = append(list, err.Error())
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if e := u.Unwrap(); e != nil {
			list = texts(e, list)
		}
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			list = texts(e, list)
		}
	}
	return list
}
