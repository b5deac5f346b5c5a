package noctx

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tenon-go/tenon"
)

// Memory is a Store in memory.
type Memory struct {
	mu     sync.Mutex
	values map[string]string
}

func (m *Memory) copy() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.values)
}

// Get returns the value of key.
func (m *Memory) Get(key string) (string, error) {
	v, ok := m.copy()[key]
	if !ok {
		return "", fs.ErrNotExist
	}
	return v, nil
}

// Put sets the value of key.
func (m *Memory) Put(key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string]string{}
	}
	m.values[key] = value
	return nil
}

// Keys returns all keys, and then an error if one of them is "bad".
func (m *Memory) Keys() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		all := slices.Sorted(maps.Keys(m.copy()))
		for _, k := range all {
			if !yield(k, nil) {
				return
			}
		}
		if slices.Contains(all, "bad") {
			yield("", errors.New("there is a bad key"))
		}
	}
}

// Each visits all keys.
func (m *Memory) Each(visit func(key, value string) error) error {
	all := m.copy()
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if err := visit(k, all[k]); err != nil {
			return err
		}
	}
	return nil
}

// Open returns the value of key as a File.
func (m *Memory) Open(key string) (File, error) {
	v, err := m.Get(key)
	if err != nil {
		return nil, err
	}
	return NewFile(key, v), nil
}

// Lend returns what f has.
func (m *Memory) Lend(f File) (string, error) {
	b, err := f.Bytes()
	if err != nil {
		return "", err
	}
	d, err := f.Parent()
	if err != nil {
		return "", err
	}
	defer tenon.Release(d)
	p, err := d.Path()
	return p + "/" + f.Name() + ": " + string(b), err
}

// Copy writes the value of key to w.
func (m *Memory) Copy(w io.Writer, key string) (int64, error) {
	r, err := m.Reader(key)
	if err != nil {
		return 0, err
	}
	return io.Copy(w, r)
}

// Reader returns a reader of the value of key.
func (m *Memory) Reader(key string) (io.Reader, error) {
	v, err := m.Get(key)
	return strings.NewReader(v), err
}

// NewFile returns a File.
func NewFile(name, content string) File { return file{name, content} }

type file struct{ name, content string }

func (f file) Name() string           { return f.name }
func (f file) Bytes() ([]byte, error) { return []byte(f.content), nil }
func (f file) Parent() (Dir, error)   { return dir("/top"), nil }
func (f file) Close() error           { return nil }

type dir string

func (d dir) Path() (string, error) { return string(d), nil }
