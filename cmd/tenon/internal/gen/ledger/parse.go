package ledger

import (
	"bytes"
	"fmt"
	"go/token"
	"math"
	"strings"

	"github.com/bufbuild/protocompile/ast"
	"github.com/bufbuild/protocompile/parser"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// maxLedger bounds what is read, in bytes: a file that is larger is not one that
// was written here.
const maxLedger = 32 << 20

// parse reads a .proto. What it imports is not needed.
func parse(name string, text []byte) (*schema, error) {
	if len(text) > maxLedger {
		return nil, damaged(token.Position{Filename: name}, nil, fmt.Sprintf("it has %d bytes, more than %d", len(text), maxLedger))
	}
	handler := reporter.NewHandler(nil)
	file, err := parser.Parse(name, bytes.NewReader(text), handler)
	if err != nil {
		return nil, damage(name, text, err)
	}
	result, err := parser.ResultFromAST(file, true, handler)
	if err != nil {
		return nil, damage(name, text, err)
	}
	r := &reader{result: result, file: file, fd: result.FileDescriptorProto()}
	s := r.schema()
	if pos, why := r.missing(s); why != "" {
		return nil, damaged(pos, text, why)
	}
	return s, nil
}

func damage(name string, text []byte, err error) error {
	pos := token.Position{Filename: name}
	if e, ok := err.(reporter.ErrorWithPos); ok {
		p := e.GetPosition()
		pos.Line, pos.Column = p.Line, p.Col
		err = e.Unwrap()
	}
	return damaged(pos, text, err.Error())
}

func damaged(pos token.Position, text []byte, why string) error {
	hint := "restore it from version control; if nothing that was built with it is deployed, it may be removed instead"
	if bytes.Contains(text, []byte("<<<<<<<")) {
		hint = "resolve the conflict of the merge: what is deployed keeps its numbers"
	}
	if strings.Contains(why, "both have the same tag") {
		hint = "two branches may have given it: remove the line of the field that isn't deployed, and it gets another number"
	}
	why = "the field numbers can't be read, as this .proto is damaged: " + why
	if !pos.IsValid() {
		why = pos.Filename + ": " + why
	}
	var problems model.Problems
	problems.Add(pos, hint, "%s", why)
	return problems.Err()
}

// A reader makes a schema of a parsed file.
type reader struct {
	result parser.Result
	file   *ast.FileNode
	fd     *descriptorpb.FileDescriptorProto
	nested []*enum // in messages
}

func (r *reader) schema() *schema {
	s := &schema{pkg: r.fd.GetPackage(), pos: r.pos(r.file)}
	for _, d := range r.file.Decls {
		if p, ok := d.(*ast.PackageNode); ok {
			s.pos = r.pos(p)
		}
	}
	for _, o := range r.fd.GetOptions().GetUninterpretedOption() {
		switch optionName(o) {
		case "tenon.version":
			s.version = int(min(o.GetPositiveIntValue(), 1<<31-1))
		case "tenon.error":
			s.errors = append(s.errors, &failure{named: named{name: string(o.GetStringValue()), pos: r.pos(r.result.OptionNode(o))}})
		}
	}
	for _, m := range r.fd.GetMessageType() {
		s.messages = r.message(s.messages, "", m)
	}
	s.enums = r.nested
	for _, e := range r.fd.GetEnumType() {
		s.enums = append(s.enums, r.enum("", e))
	}
	for _, sd := range r.fd.GetService() {
		s.services = append(s.services, r.service(sd))
	}
	return s
}

func (r *reader) pos(n ast.Node) token.Position {
	p := r.file.NodeInfo(n).Start()
	return token.Position{Filename: p.Filename, Offset: p.Offset, Line: p.Line, Column: p.Col}
}

// optionName returns the name of an option that has one part.
func optionName(o *descriptorpb.UninterpretedOption) string {
	if len(o.Name) == 1 {
		return strings.TrimPrefix(o.Name[0].GetNamePart(), ".")
	}
	return ""
}

func isTrue(o *descriptorpb.UninterpretedOption) bool { return o.GetIdentifierValue() == "true" }

func (r *reader) service(sd *descriptorpb.ServiceDescriptorProto) *service {
	s := &service{named: named{name: sd.GetName(), pos: r.pos(r.result.ServiceNode(sd))}}
	for _, o := range sd.GetOptions().GetUninterpretedOption() {
		if name := string(o.GetStringValue()); optionName(o) == "tenon.gone" && protobuf.IsIdentifier(name) {
			s.gone = append(s.gone, name)
		}
	}
	for _, md := range sd.GetMethod() {
		m := &method{
			named:    named{name: md.GetName(), pos: r.pos(r.result.MethodNode(md))},
			in:       r.local(md.GetInputType()),
			out:      r.local(md.GetOutputType()),
			streamIn: md.GetClientStreaming(), streamOut: md.GetServerStreaming(),
		}
		for _, o := range md.GetOptions().GetUninterpretedOption() {
			switch optionName(o) {
			case "tenon.optional":
				m.optional = isTrue(o)
			case "tenon.request_head":
				m.headIn = isTrue(o)
			case "tenon.response_head":
				m.headOut = isTrue(o)
			case "idempotency_level":
				m.idempotent = o.GetIdentifierValue() == "IDEMPOTENT"
			}
		}
		s.methods = append(s.methods, m)
	}
	return s
}

func (r *reader) local(name string) string { return local(r.fd.GetPackage(), name) }

// message appends md, and the messages and enums within it by their long names:
// they are not written here, but may be by hand.
func (r *reader) message(all []*message, outer string, md *descriptorpb.DescriptorProto) []*message {
	m := &message{named: named{name: outer + md.GetName(), pos: r.pos(r.result.MessageNode(md))}}
	m.reserved.names = md.GetReservedName()
	for _, g := range md.GetReservedRange() {
		m.reserved.ranges = append(m.reserved.ranges, [2]int32{g.GetStart(), g.GetEnd() - 1})
	}
	for _, fd := range md.GetField() {
		m.fields = append(m.fields, r.field(md, fd))
	}
	all = append(all, m)
	for _, ed := range md.GetEnumType() {
		r.nested = append(r.nested, r.enum(m.name+".", ed))
	}
	for _, nested := range md.GetNestedType() {
		if !nested.GetOptions().GetMapEntry() {
			all = r.message(all, m.name+".", nested)
		}
	}
	return all
}

func (r *reader) field(md *descriptorpb.DescriptorProto, fd *descriptorpb.FieldDescriptorProto) *field {
	f := &field{named: named{name: fd.GetName(), pos: r.pos(r.result.FieldNode(fd))}, number: fd.GetNumber()}
	f.typ = r.typeOf(fd)
	switch {
	case fd.GetLabel() == descriptorpb.FieldDescriptorProto_LABEL_REPEATED:
		f.label = repeated
	case fd.GetProto3Optional():
		f.label = optional
	}
	for _, nested := range md.GetNestedType() {
		if nested.GetOptions().GetMapEntry() && nested.GetName() == fd.GetTypeName() && len(nested.GetField()) == 2 {
			f.label = mapped
			f.key, f.typ = r.typeOf(nested.GetField()[0]), r.typeOf(nested.GetField()[1])
		}
	}
	for _, o := range fd.GetOptions().GetUninterpretedOption() {
		r.fieldOption(f, o)
	}
	return f
}

func (r *reader) fieldOption(f *field, o *descriptorpb.UninterpretedOption) {
	switch text := string(o.GetStringValue()); optionName(o) {
	case "tenon.contract":
		f.contract = r.local(text)
	case "tenon.kept":
		f.kept = isTrue(o)
	case "tenon.io":
		f.io = strings.Join(strings.Fields(text), " ")
	case "tenon.length":
		f.limits.Length = count(o)
	case "tenon.size":
		f.limits.Size = count(o)
	case "tenon.bits":
		f.limits.Bits = bits(o)
	case "tenon.key_bits":
		f.limits.KeyBits = bits(o)
	case "tenon.format":
		f.limits.Format = text
	}
}

// count returns the value of an option that is a number, or nil.
func count(o *descriptorpb.UninterpretedOption) *int64 {
	if o.PositiveIntValue == nil {
		return nil
	}
	n := int64(min(o.GetPositiveIntValue(), math.MaxInt64))
	return &n
}

// bits returns 0 for what can't be that of an integer.
func bits(o *descriptorpb.UninterpretedOption) int {
	if n := o.GetPositiveIntValue(); n < 64 {
		return int(n)
	}
	return 0
}

// typeOf returns the type of a field: a scalar's name, or that of a message or
// enum without the package.
func (r *reader) typeOf(fd *descriptorpb.FieldDescriptorProto) string {
	if fd.TypeName != nil {
		return r.local(fd.GetTypeName())
	}
	return strings.ToLower(strings.TrimPrefix(fd.GetType().String(), "TYPE_"))
}

func (r *reader) enum(outer string, ed *descriptorpb.EnumDescriptorProto) *enum {
	e := &enum{named: named{name: outer + ed.GetName(), pos: r.pos(r.result.EnumNode(ed))}}
	e.reserved.names = ed.GetReservedName()
	for _, g := range ed.GetReservedRange() {
		e.reserved.ranges = append(e.reserved.ranges, [2]int32{g.GetStart(), g.GetEnd()})
	}
	for _, v := range ed.GetValue() {
		e.values = append(e.values, &value{named{name: v.GetName(), pos: r.pos(r.result.EnumValueNode(v))}, v.GetNumber()})
	}
	return e
}
