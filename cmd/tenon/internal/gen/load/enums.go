package load

import (
	"cmp"
	"fmt"
	"go/constant"
	"go/types"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// enum makes typ an enum if t has constants and they don't look like flags.
func (l *loader) enum(typ *model.Type, t *types.Named) bool {
	consts := constants(t)
	if !isSmall(t) || len(consts) == 0 || !fit(consts) || areFlags(consts) {
		return false
	}
	d := l.all.find(t.Obj())
	e := &model.Enum{Doc: docText(d.doc), Pos: l.pos(t.Obj()), Go: typ.Go}
	typ.Kind, typ.Enum = model.EnumKind, e
	typ.Bits = basicBits(t)
	l.out.Enums = append(l.out.Enums, e)
	e.Name, e.Was = l.protoName(t, d)
	l.values(e, t, consts)
	return true
}

// constants are the exported ones of exactly the type t, in the order of the source.
func constants(t *types.Named) []*types.Const {
	if t.Obj().Pkg() == nil {
		return nil
	}
	var list []*types.Const
	scope := t.Obj().Pkg().Scope()
	for _, name := range scope.Names() {
		if c, ok := scope.Lookup(name).(*types.Const); ok && c.Exported() && types.Identical(c.Type(), t) && c.Val().Kind() == constant.Int {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *types.Const) int { return cmp.Compare(a.Pos(), b.Pos()) })
	return list
}

// isSmall reports whether all values of t fit in an enum.
func isSmall(t *types.Named) bool {
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return false
	}
	switch b.Kind() {
	case types.Int, types.Int8, types.Int16, types.Int32, types.Uint8, types.Uint16:
		return true
	}
	return false
}

func basicBits(t *types.Named) int { return bitsOf(t.Underlying().(*types.Basic)) }

func fit(consts []*types.Const) bool {
	for _, c := range consts {
		if n, exact := constant.Int64Val(c.Val()); !exact || n < math.MinInt32 || n > math.MaxInt32 {
			return false
		}
	}
	return true
}

// areFlags reports whether constants look like bits that are combined: three or
// more, not counting zero, all of them different powers of two.
func areFlags(consts []*types.Const) bool {
	seen := map[int64]bool{}
	for _, c := range consts {
		n, exact := constant.Int64Val(c.Val())
		if n == 0 && exact {
			continue
		}
		if !exact || n < 0 || bits.OnesCount64(uint64(n)) != 1 || seen[n] {
			return false
		}
		seen[n] = true
	}
	return len(seen) >= 3
}

// values makes the values of e. The first in protobuf is always zero.
func (l *loader) values(e *model.Enum, t *types.Named, consts []*types.Const) {
	byNumber := map[int32]*model.EnumValue{}
	for _, c := range consts {
		n, _ := constant.Int64Val(c.Val())
		if first := byNumber[int32(n)]; first != nil {
			first.Note = strings.TrimSpace(first.Note + " (also " + c.Name() + ")")
			continue
		}
		if why := l.restricted(c); why != "" {
			l.problem(l.pos(c), everywhereHint, "constant %s of enum %s is declared in a file that is not built everywhere, by %s", c.Name(), e.Name, why)
		}
		d := l.all.find(c)
		v := &model.EnumValue{Name: valueName(e.Name, t.Obj().Name(), c.Name()), GoName: c.Name(), Number: int32(n), Doc: docText(d.doc), Note: noteText(d.note), Pos: l.pos(c)}
		byNumber[v.Number] = v
		e.Values = append(e.Values, v)
	}
	zero := byNumber[0]
	if e.Made = zero == nil; e.Made {
		zero = &model.EnumValue{Name: screaming(e.Name) + "_UNSPECIFIED"}
	} else {
		e.Values = slices.DeleteFunc(e.Values, func(v *model.EnumValue) bool { return v == zero })
	}
	e.Values = slices.Insert(e.Values, 0, zero)
}

// valueName is OP_PUT for OpPut of Op, COLOR_RED for Red of Color.
func valueName(enum, goType, goConst string) string {
	name := goConst
	if rest, ok := strings.CutPrefix(goConst, goType); ok && rest != "" && !startsLower(rest) {
		name = rest
	}
	return screaming(enum) + "_" + screaming(name)
}

func startsLower(s string) bool { return s[0] >= 'a' && s[0] <= 'z' }

// flagConsts are the constants of an integer that is no enum, for a comment.
func (l *loader) flagConsts(t *types.Named) []string {
	var list []string
	for _, c := range constants(t) {
		list = append(list, fmt.Sprintf("%s = %s", c.Name(), c.Val().ExactString()))
	}
	return list
}
