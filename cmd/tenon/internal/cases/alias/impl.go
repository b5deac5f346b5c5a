package alias

import "io"

// Echo returns what it is given.
type Echo struct{}

// Echo returns its arguments.
func (Echo) Echo(_ Ctx, a Bytes, b Again, c When, d Entry) (Bytes, Again, When, Entry, Err) {
	return a, b, c, d, nil
}

// Lists returns its arguments.
func (Echo) Lists(_ Ctx, a Entries, b ByName, c Gen[Gen[int]]) (Entries, ByName, Gen[Gen[int]], Err) {
	return a, b, c, nil
}

// Read reads all.
func (Echo) Read(_ Ctx, r Reader) (Text, Err) {
	b, err := io.ReadAll(r)
	return string(b), err
}

// All yields each entry.
func (Echo) All(_ Ctx, e Entries) Seq {
	return func(yield func(Entry, error) bool) {
		for _, e := range e {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Each visits each entry.
func (Echo) Each(ctx Ctx, e Entries, visit Visitor) Err {
	for _, e := range e {
		if err := visit(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Watch tells w.
func (Echo) Watch(ctx Ctx, e Entry, w Watch) Err { return w.Seen(ctx, e) }
