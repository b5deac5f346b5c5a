package fault

import (
	"errors"

	"github.com/tenon-go/tenon"
)

// A budget is what is left for one error and for those in the fields of its
// types, in either direction.
type budget struct {
	nodes int // that there are
	left  int // bytes that texts and values may still take
	level int // how many errors this one is in a field of
}

// maxLevel bounds the stack: each level may have a tree of its own.
const maxLevel = 8

// enter reports whether an error may be more than a text, and counts it until
// leave is called.
func (b *budget) enter() bool {
	if b.level >= maxLevel || b.nodes >= maxNodes {
		return false
	}
	if b.level++; b.level > 1 {
		b.nodes++
	}
	return true
}

func (b *budget) leave() { b.level-- }

// Append appends err, which is not nil, as a value of a message.
func Append(b []byte, err error, defs []tenon.ErrorDef) []byte {
	return (&budget{left: maxTotal}).append(b, err, defs)
}

func (b *budget) append(to []byte, err error, defs []tenon.ErrorDef) []byte {
	var m tenon.Message
	m.Reset(to, nil)
	b.encode(err, defs, &m)
	return m.Raw()
}

// Parse makes an error of what Append has written: of a sentinel, or of a type
// that defs list, the value itself, where the [tenon.Error] around it would say
// no more.
func Parse(b []byte, defs []tenon.ErrorDef) error {
	return (&budget{left: maxTotal}).parse(b, defs)
}

func (b *budget) parse(from []byte, defs []tenon.ErrorDef) error {
	var m tenon.Message
	m.Load(from, nil)
	e := b.decode(&m, defs)
	if e.Err != nil && e.Stack == "" && textOf(e.Err) == e.Message && codeOf(e.Err) == e.Code {
		return e.Err
	}
	return e
}

// codeOf is what encode finds, as far as err itself and a bounded number of
// those that it wraps say it.
func codeOf(err error) tenon.Code {
	var v verdict
	for range maxDepth {
		v.take(err)
		for i := range sentinels {
			if same(err, sentinels[i].err) {
				v.note(sentinels[i].code)
			}
		}
		if _, err = unwrap(err); err == nil {
			break
		}
	}
	return v.code()
}

// A fields is what the fields of error types are written and read with: errors
// cross in them, and refs don't.
type fields struct{ *budget }

var _ tenon.ErrorTable = fields{}

var errRef = errors.New("a field of an error type can't hold a ref")

func (f fields) AppendError(b []byte, err error, defs []tenon.ErrorDef) []byte {
	return f.append(b, err, defs)
}
func (f fields) ParseError(b []byte, defs []tenon.ErrorDef) error       { return f.parse(b, defs) }
func (fields) Export(tenon.Service, bool) (uint64, error)               { return 0, errRef }
func (fields) Import(uint64, *tenon.Contract, bool) (*tenon.Ref, error) { return nil, errRef }
func (fields) Return(uint64, *tenon.Contract) (*tenon.Service, error)   { return nil, errRef }
func (fields) Home(*tenon.Ref) bool                                     { return false }
