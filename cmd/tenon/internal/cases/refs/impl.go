package refs

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tenon-go/tenon"
)

// Impl is a Refs.
type Impl struct {
	mu   sync.Mutex
	kept []Node
}

// A Local is a Node.
type Local struct{ Path string }

// Name returns the path.
func (l *Local) Name(context.Context) (string, error) { return l.Path, nil }

// Child returns one below.
func (l *Local) Child(_ context.Context, name string) (Node, error) {
	if name == "" {
		return nil, errors.New("no name")
	}
	return &Local{l.Path + "/" + name}, nil
}

// Visit shows itself.
func (l *Local) Visit(ctx context.Context, v Visitor) error { return v.Visit(ctx, l) }

// Close does nothing.
func (l *Local) Close() error { return nil }

// Make returns a Local.
func (*Impl) Make(_ context.Context, name string) (Node, error) { return &Local{name}, nil }

// Name names n.
func (*Impl) Name(ctx context.Context, n Node) (string, error) { return n.Name(ctx) }

// Same returns n.
func (*Impl) Same(_ context.Context, n Node) (Node, error) { return n, nil }

// Home says whether n is a Local.
func (*Impl) Home(_ context.Context, n Node) (bool, error) {
	_, ok := n.(*Local)
	return ok, nil
}

// IsNil says whether all are nil.
func (*Impl) IsNil(_ context.Context, n Node, r io.Reader, s Struct) (bool, error) {
	return n == nil && r == nil && s.Node == nil && s.Nodes == nil && s.By == nil && s.Inner == nil && s.R == nil, nil
}

// Nothing returns nil, which it should not.
func (*Impl) Nothing(context.Context) (Node, error) { return nil, nil }

// List returns all.
func (*Impl) List(_ context.Context, all []Node, by map[string]Node) ([]Node, error) {
	for _, k := range slices.Sorted(maps.Keys(by)) {
		all = append(all, by[k])
	}
	return all, nil
}

// Struct returns s, with its reader read into its name.
func (*Impl) Struct(_ context.Context, s Struct) (Struct, error) {
	if s.R != nil {
		b, err := io.ReadAll(s.R)
		if err != nil {
			return s, err
		}
		s.Name, s.R = s.Name+string(b), nil
	}
	return s, nil
}

// Stream yields n Nodes.
func (*Impl) Stream(_ context.Context, n int) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		for i := range n {
			if !yield(&Local{strconv.Itoa(i)}, nil) {
				return
			}
		}
	}
}

// Each names them.
func (*Impl) Each(ctx context.Context, nodes iter.Seq[Node]) (string, error) {
	var names []string
	for n := range nodes {
		name, err := n.Name(ctx)
		if err != nil {
			return "", err
		}
		names = append(names, name)
	}
	return strings.Join(names, " "), nil
}

// Keep keeps all.
func (r *Impl) Keep(_ context.Context, n Node, s Struct) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n != nil {
		r.kept = append(r.kept, n)
	}
	if s.Node != nil {
		r.kept = append(r.kept, s.Node)
	}
	r.kept = append(r.kept, s.Nodes...)
	return nil
}

// Kept names them.
func (r *Impl) Kept(ctx context.Context) (string, error) {
	r.mu.Lock()
	kept := r.kept
	r.kept = nil
	r.mu.Unlock()
	var names []string
	for _, n := range kept {
		name, err := n.Name(ctx)
		if err != nil {
			return "", err
		}
		names = append(names, name)
		if err := n.Close(); err != nil {
			return "", err
		}
	}
	return strings.Join(names, " "), nil
}

// Self returns r.
func (r *Impl) Self(context.Context) (Refs, error) { return r, nil }

// Other has the other make a Node, and names it.
func (r *Impl) Other(ctx context.Context, o Refs, name string) (string, error) {
	if o == r {
		return "myself", nil
	}
	n, err := o.Make(ctx, name)
	if err != nil {
		return "", err
	}
	defer n.Close()
	return n.Name(ctx)
}

// Inline doubles.
func (*Impl) Inline(ctx context.Context, v interface {
	Double(ctx context.Context, n int) (int, error)
}, n int) (int, error) {
	return v.Double(ctx, n)
}

// Writer writes s to w.
func (*Impl) Writer(_ context.Context, w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

// Reader returns a reader of s.
func (*Impl) Reader(_ context.Context, s string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(s)), nil
}

// Release gives up what v stands for.
func Release(v any) { tenon.Release(v) }
