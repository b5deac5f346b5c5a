package tenon

// A Proxy is a value that stands for one on the other side of a connection:
// what generated code makes of a ref, so that it can be used as an ordinary
// interface value. Only generated code implements it.
type Proxy interface {
	// TenonRef returns the ref behind the value.
	TenonRef() *Ref
}

// Release gives up what v stands for, if v is a [Proxy]; any other value is
// left alone, so that an implementation need not know whether its caller is in
// the same process. It is for values that a contract says are kept and that
// have no Close method, which does the same. What nobody releases is released
// when the garbage collector finds it.
func Release(v any) {
	if p, ok := v.(Proxy); ok {
		p.TenonRef().Release()
	}
}
