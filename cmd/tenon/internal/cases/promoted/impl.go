package promoted

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/promoted/base"
)

// Memory is a Store.
type Memory struct {
	mu     sync.Mutex
	values map[string]base.Value
	Closed bool
}

// Get returns the value of key.
func (m *Memory) Get(_ context.Context, key string) (base.Value, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	if !ok {
		return v, fs.ErrNotExist
	}
	return v, nil
}

// Keys returns all keys.
func (m *Memory) Keys(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.values)), nil
}

// Put sets the value of key.
func (m *Memory) Put(_ context.Context, key string, v base.Value) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string]base.Value{}
	}
	m.values[key] = v
	return nil
}

// Delete removes key.
func (m *Memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

// String names the store.
func (*Memory) String() string { return "memory" }

// Inline returns n.
func (*Memory) Inline(_ context.Context, n int) (int, error) { return n, nil }

// Own returns the store as a Getter.
func (m *Memory) Own(context.Context) (base.Getter, error) { return m, nil }

// Close notes that it was called.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Closed = true
	return nil
}
