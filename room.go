package tenon

import (
	"fmt"
	"reflect"
	"slices"
)

// What is made of a message can be much larger than the message: an element of a
// list has two bytes at least, and may be a struct of some thousand in Go. All
// that lists, maps and pointers take is therefore bounded, by the size of the
// message and by these.
const (
	freeRoom  = 64 << 20
	roomRatio = 64
	mostRoom  = 1 << 30
)

// roomFor returns how many bytes may be made of a message of n, beside its
// strings and bytes.
func roomFor(n int) int { return freeRoom + min(roomRatio*n, mostRoom) }

// spend takes n bytes of m's room, and reports whether they were there.
func (m *Message) spend(n int) bool {
	m.room -= n
	if m.room >= 0 || !m.loaded {
		return true
	}
	m.fail(&Error{
		Code:    ResourceExhausted,
		Message: "the values in a message take more memory than its size allows: its lists have large elements of which little is set; send them in several messages, or as a stream",
	})
	return false
}

func sizeOf[T any]() int { return int(reflect.TypeFor[T]().Size()) }

// Grow returns s with room for n more elements: for just as many if it has none.
// It is for lists that are read from m, whose size bounds what they take: when
// too little of that is left for n, there is room for fewer, and when there is
// none for one, what Grow returns is empty: whoever appends to it all the same
// takes no more.
func Grow[S ~[]E, E any](m *Message, s S, n int) S {
	size := max(sizeOf[E](), 1)
	left := n
	if m.loaded {
		left = m.room / size
	}
	if left < 1 && n > 0 {
		m.spend(size)
		return s[:0]
	}
	n = max(min(n, left), 0)
	before := cap(s)
	switch {
	case before == 0 && n > 0:
		s = make(S, 0, n)
	case m.loaded && left < before:
		// It might be more than doubled otherwise. By a part at least it must
		// grow, unless it is for the last time: each time it is copied.
		n = max(n, min(before/4, left))
		s = append(make(S, 0, len(s)+n), s...)
	default:
		s = slices.Grow(s, n)
	}
	m.spend((cap(s) - before) * size)
	return s
}

// New returns a new T, for a value that is read from m, whose size bounds what it
// takes.
func New[T any](m *Message) *T {
	m.spend(sizeOf[T]())
	return new(T)
}

// Map returns a map for the entries that are read from m, the current field and
// those that follow it.
func Map[M ~map[K]V, K comparable, V any](m *Message) M {
	size := max(sizeOf[K]()+sizeOf[V](), 1)
	return make(M, min(m.Count(), max(m.room/size, 1)))
}

// Put sets an entry of a map that is read from m, whose size bounds what it takes.
// A key that can't be one, which a type that reads itself may make, is an error
// of m.
func Put[M ~map[K]V, K comparable, V any](m *Message, to M, k K, v V) {
	defer func() {
		if p := recover(); p != nil {
			m.Fail(fmt.Errorf("a key of a map: %v", p))
		}
	}()
	if m.spend(sizeOf[K]() + sizeOf[V]()) {
		to[k] = v
	}
}
