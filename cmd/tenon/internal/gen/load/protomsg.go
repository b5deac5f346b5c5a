package load

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// isProto reports whether *t is a message of protobuf's own generator.
func isProto(t *types.Named) bool {
	sel := types.NewMethodSet(types.NewPointer(t)).Lookup(nil, "ProtoReflect")
	if sel == nil || len(sel.Index()) != 1 {
		return false
	}
	sig := sel.Type().(*types.Signature)
	return sig.Params().Len() == 0 && sig.Results().Len() == 1 && strings.HasSuffix(types.TypeString(sig.Results().At(0).Type(), nil), "protoreflect.Message")
}

// protoMessage is a protobuf message, which crosses as it is.
func (l *loader) protoMessage(ptr *types.Pointer, t *types.Named, pl *place) *model.Type {
	if known, ok := l.types.At(t).(*model.Type); ok {
		return known
	}
	if !l.nameable(t, nil, pl) {
		return invalid(ptr)
	}
	typ := &model.Type{Kind: model.Proto, Go: ptr}
	l.types.Set(t, typ)
	file, err := l.descriptor(t)
	if err == nil {
		typ.ProtoImport = file.GetName()
		typ.ProtoName, err = messageName(file, t.Obj().Name())
	}
	if err != nil {
		typ.Kind = model.Invalid
		l.refuse(pl, "generate it again with protoc-gen-go", "is the protobuf message %s, whose name in protobuf can't be found: %s", l.text(t), err)
		return typ
	}
	l.uses[typ.ProtoImport] = true
	return typ
}

// descriptor reads what protoc-gen-go writes into the file that declares t.
func (l *loader) descriptor(t *types.Named) (*descriptorpb.FileDescriptorProto, error) {
	d := l.all.find(t.Obj())
	if d.file == nil {
		return nil, errors.New("its source is not there")
	}
	for _, other := range l.all.index(t.Obj().Pkg().Path()).byName {
		if other.file == d.file && strings.HasPrefix(other.name, "file_") && strings.HasSuffix(other.name, "_rawDesc") {
			raw, ok := rawBytes(other.value)
			if !ok {
				return nil, errors.New("its raw descriptor has an unknown form")
			}
			file := new(descriptorpb.FileDescriptorProto)
			if err := proto.Unmarshal(raw, file); err != nil {
				return nil, errors.New("its raw descriptor can't be read")
			}
			return file, nil
		}
	}
	return nil, errors.New("the file that declares it has no raw descriptor")
}

// rawBytes evaluates the forms that a raw descriptor has had over the years: a
// list of bytes, a string in many parts, or a conversion of one.
func rawBytes(expr ast.Expr) ([]byte, bool) {
	switch expr := expr.(type) {
	case *ast.ParenExpr:
		return rawBytes(expr.X)
	case *ast.BasicLit:
		if expr.Kind != token.STRING {
			return nil, false
		}
		text, err := strconv.Unquote(expr.Value)
		return []byte(text), err == nil
	case *ast.BinaryExpr:
		return rawSum(expr)
	case *ast.CallExpr: // string([]byte{...}), []byte("...")
		if len(expr.Args) != 1 {
			return nil, false
		}
		return rawBytes(expr.Args[0])
	case *ast.CompositeLit:
		return rawList(expr)
	}
	return nil, false
}

// rawSum joins a sum of strings, which leans to the left and may be long.
func rawSum(sum *ast.BinaryExpr) ([]byte, bool) {
	var parts []ast.Expr
	var left ast.Expr = sum
	for {
		b, ok := left.(*ast.BinaryExpr)
		if !ok || b.Op != token.ADD {
			break
		}
		parts = append(parts, b.Y)
		left = b.X
	}
	all, ok := rawBytes(left)
	for i := len(parts) - 1; i >= 0 && ok; i-- {
		var part []byte
		part, ok = rawBytes(parts[i])
		all = append(all, part...)
	}
	return all, ok
}

func rawList(lit *ast.CompositeLit) ([]byte, bool) {
	all := make([]byte, 0, len(lit.Elts))
	for _, elem := range lit.Elts {
		b, ok := elem.(*ast.BasicLit)
		if !ok {
			return nil, false
		}
		n, err := strconv.ParseUint(b.Value, 0, 8)
		if err != nil {
			return nil, false
		}
		all = append(all, byte(n))
	}
	return all, true
}

// messageName is the full name of the message whose Go type has the given name.
func messageName(file *descriptorpb.FileDescriptorProto, goName string) (string, error) {
	pkg := file.GetPackage()
	if pkg != "" {
		pkg += "."
	}
	if name := findMessage(file.MessageType, pkg, "", goName); name != "" {
		return name, nil
	}
	return "", errors.New("its raw descriptor doesn't have it")
}

func findMessage(list []*descriptorpb.DescriptorProto, before, goBefore, goName string) string {
	for _, m := range list {
		name := goBefore + camel(m.GetName())
		if name == goName {
			return before + m.GetName()
		}
		if found := findMessage(m.NestedType, before+m.GetName()+".", name+"_", goName); found != "" {
			return found
		}
	}
	return ""
}

// camel is the Go name that protoc-gen-go makes of a message's: an underscore
// before a lower-case letter is dropped and the letter raised, and a leading one
// becomes X.
func camel(name string) string {
	var b []byte
	for i := 0; i < len(name); i++ {
		c := name[i]
		lower := i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z'
		switch {
		case c == '_' && i == 0:
			b = append(b, 'X')
		case c == '_' && lower:
		case 'a' <= c && c <= 'z' && (i == 0 || name[i-1] == '_' || isDigit(name[i-1])):
			b = append(b, c-'a'+'A')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
