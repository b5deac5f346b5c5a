package load

import (
	"go/types"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// shapeOf recognises the methods of io whose results mean more than their types
// say: bytes that are filled in, and a count that is valid beside an error.
func shapeOf(name string, sig *types.Signature) model.Shape {
	switch name + plainText(sig) {
	case "Read([]byte) (int, error)":
		return model.Read
	case "ReadAt([]byte, int64) (int, error)":
		return model.ReadAt
	case "Write([]byte) (int, error)", "WriteAt([]byte, int64) (int, error)", "WriteString(string) (int, error)":
		return model.Write
	}
	return model.Plain
}

// shaped makes the messages of such a method. A reader is told how much to read,
// and answers with data; a writer answers with a size; both with an error beside.
func (l *loader) shaped(m *model.Method, sig *types.Signature, pl *place) {
	l.uses[tenonProto] = true
	for v := range sig.Params().Variables() {
		m.Params = append(m.Params, &model.Param{Name: nameOf(v), Go: v.Type()})
	}
	for v := range sig.Results().Variables() {
		m.Results = append(m.Results, &model.Param{Name: nameOf(v), Go: v.Type()})
	}
	integer := func(name string) *model.Field {
		return &model.Field{Name: name, Pos: pl.pos, Type: &model.Type{Kind: model.Int, Bits: 64, Go: types.Typ[types.Int64]}}
	}
	data := &model.Field{Name: "data", Pos: pl.pos, Type: &model.Type{Kind: model.Bytes, Go: types.NewSlice(types.Typ[types.Byte])}}
	failure := &model.Field{Name: "error", Pos: pl.pos, Type: &model.Type{Kind: model.ErrorVal, Go: errorType}}
	if m.Shape == model.Write {
		if _, ok := sig.Params().At(0).Type().(*types.Basic); ok {
			data.Type = &model.Type{Kind: model.String, Go: types.Typ[types.String]}
		}
		m.Request.Fields = []*model.Field{data}
		m.Response.Fields = []*model.Field{integer("size"), failure}
	} else {
		m.Request.Fields = []*model.Field{integer("size")}
		m.Response.Fields = []*model.Field{data, failure}
	}
	if sig.Params().Len() == 2 {
		m.Request.Fields = append(m.Request.Fields, integer("offset"))
	}
}
