package logs

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/tenon-go/tenon"
)

// HandlerOptions say how a [Handler] works. The zero value is useful.
type HandlerOptions struct {
	// Level is the least level that is sent; it can be changed at any time, as
	// the host asks for more or less. Nil means Info, for good.
	Level *slog.LevelVar

	// AddSource sends where in the plugin's source each record comes from, which
	// costs about a microsecond for each.
	AddSource bool

	// MaxSize is the size in bytes of the largest record. Zero means the
	// package's MaxSize, 64 KiB; the least is 1 KiB.
	MaxSize int

	// Fallback takes the records that could not be sent. It must not lead back
	// to this handler, as the handler of [slog.Default] may. Nil means that
	// Handle returns the error, and the record is lost.
	Fallback slog.Handler
}

// A Handler sends records to the other side. It is safe for concurrent use.
type Handler struct {
	core     *core
	fallback slog.Handler
	scopes   []scope
	used     int // bytes in scopes
	attrs    int // attributes in scopes
	cut      bool
}

// core is what a handler shares with those that were derived from it.
type core struct {
	emit      func([]byte) error
	level     slog.Leveler
	addSource bool
	maxSize   int
	messages  sync.Pool // of *tenon.Message
}

var _ slog.Handler = (*Handler)(nil)

// NewHandler returns a handler that hands each record, encoded, to emit. The
// bytes are emit's until it returns. It is called concurrently, must not log to
// the handler, and returns an error if the record cannot be sent, at present or
// ever again.
func NewHandler(emit func([]byte) error, o HandlerOptions) *Handler {
	c := &core{emit: emit, level: slog.LevelInfo, addSource: o.AddSource, maxSize: o.MaxSize}
	if o.Level != nil {
		c.level = o.Level
	}
	if c.maxSize <= 0 {
		c.maxSize = MaxSize
	}
	c.maxSize = max(c.maxSize, minSize)
	c.messages.New = func() any { return new(tenon.Message) }
	return &Handler{core: c, fallback: o.Fallback, scopes: []scope{{}}}
}

// Enabled reports whether records of the given level are sent at present.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.core.level.Level()
}

// Handle sends r, or gives it to the fallback if it cannot be sent.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	m := h.core.messages.Get().(*tenon.Message)
	m.Reset(m.Raw()[:0], nil)
	e := encoder{m: m, end: h.core.maxSize - reserve, later: h.used, attrs: MaxAttrs - h.attrs, cut: h.cut}
	e.record(r, h.core.addSource, h.scopes)
	err := m.Err()
	if err == nil {
		err = h.core.emit(m.Raw())
	}
	h.core.messages.Put(m)
	if err != nil && h.fallback != nil {
		return h.fallback.Handle(ctx, r)
	}
	return err
}

// WithAttrs returns a handler whose records begin with attrs. They are encoded
// now, once.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	c := h.derive()
	if h.fallback != nil {
		c.fallback = h.fallback.WithAttrs(attrs)
	}
	var m tenon.Message
	e := encoder{m: &m, end: c.spare(), attrs: MaxAttrs/2 - c.attrs}
	e.each(attrs, len(c.scopes)-1)
	last := &c.scopes[len(c.scopes)-1]
	last.attrs = slices.Concat(last.attrs, m.Raw())
	c.used += m.Len()
	c.attrs = MaxAttrs/2 - e.attrs
	c.cut = c.cut || e.cut
	return c
}

// WithGroup returns a handler whose records have their attributes, and those
// that are added to it, in a group.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := h.derive()
	if h.fallback != nil {
		c.fallback = h.fallback.WithGroup(name)
	}
	name = strings.ToValidUTF8(name, "\uFFFD")
	size := len(name) + attrRoom
	if len(c.scopes) > MaxDepth || size > c.spare() {
		c.cut = true // the attributes go to the group outside
		return c
	}
	c.scopes = append(c.scopes, scope{key: name})
	c.used += size
	return c
}

// derive returns a copy of h that shares nothing that changes.
func (h *Handler) derive() *Handler {
	c := *h
	c.scopes = slices.Clone(h.scopes)
	return &c
}

// spare is how many more bytes the scopes may take. Half of a record stays free
// for what is said last, which tends to matter most.
func (h *Handler) spare() int { return max(h.core.maxSize/2-h.used, 0) }
