package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin6"
)

// read makes of an answer what is printed. It fails if a type makes no sense, and
// says whose.
func read(a *answer) (*schemas, error) {
	r, s, f := a.schemas, &schemas{}, &faults{}
	s.Provider = readSchema(f.at("provider"), r.GetProvider())
	s.Meta = readSchema(f.at("provider_meta"), r.GetProviderMeta())
	s.Resources = each(f.at("resource"), r.GetResourceSchemas(), readSchema)
	s.DataSources = each(f.at("data source"), r.GetDataSourceSchemas(), readSchema)
	s.Ephemeral = each(f.at("ephemeral resource"), r.GetEphemeralResourceSchemas(), readSchema)
	s.Lists = each(f.at("list resource"), r.GetListResourceSchemas(), readSchema)
	s.StateStores = each(f.at("state store"), r.GetStateStoreSchemas(), readSchema)
	s.Actions = each(f.at("action"), r.GetActionSchemas(), readAction)
	s.Functions = each(f.at("function"), r.GetFunctions(), readFunction)
	s.Identities = each(f.at("identity of"), a.identities.GetIdentitySchemas(), readIdentity)
	return s, f.first()
}

// A faults notes the first thing that is wrong, and where in the schemas it is.
type faults struct {
	parent *faults
	place  string
	err    error
}

func (f *faults) at(place string) *faults { return &faults{parent: f, place: place} }

// note hands err up to the root, with all places on its way.
func (f *faults) note(err error) {
	var places []string
	for ; f.parent != nil; f = f.parent {
		places = append(places, f.place)
	}
	if f.err == nil {
		slices.Reverse(places)
		f.err = fmt.Errorf("%s: %w", strings.Join(places, " "), err)
	}
}

func (f *faults) first() error { return f.err }

func (f *faults) typ(raw []byte) *typ {
	t, err := readType(raw)
	if err != nil {
		f.note(err)
	}
	return t
}

// each reads all that are in a map, sorted, so that it is always the same one that
// is found fault with.
func each[From, To any](f *faults, all map[string]From, read func(*faults, From) To) map[string]To {
	if len(all) == 0 {
		return nil
	}
	out := make(map[string]To, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out[name] = read(f.at(name), all[name])
	}
	return out
}

func readSchema(f *faults, s *tfplugin6.Schema) *schema {
	if s == nil {
		return nil
	}
	return &schema{Version: s.GetVersion(), Block: readBlock(f, s.GetBlock())}
}

func readAction(f *faults, a *tfplugin6.ActionSchema) *schema { return readSchema(f, a.GetSchema()) }

func readBlock(f *faults, b *tfplugin6.Schema_Block) *block {
	if b == nil {
		return nil
	}
	out := &block{
		Attributes: readAttributes(f, b.GetAttributes()),
		remarks:    readRemarks(b),
	}
	for _, n := range b.GetBlockTypes() {
		set(&out.Blocks, n.GetTypeName(), &blockType{
			Nesting: lower(n.GetNesting()),
			Block:   readBlock(f.at("block "+n.GetTypeName()), n.GetBlock()),
			Min:     n.GetMinItems(),
			Max:     n.GetMaxItems(),
		})
	}
	return out
}

func readAttributes(f *faults, all []*tfplugin6.Schema_Attribute) map[string]*attribute {
	var out map[string]*attribute
	for _, a := range all {
		in := f.at("attribute " + a.GetName())
		set(&out, a.GetName(), &attribute{
			Type:      in.typ(a.GetType()),
			Nested:    readNested(in, a.GetNestedType()),
			remarks:   readRemarks(a),
			Required:  a.GetRequired(),
			Optional:  a.GetOptional(),
			Computed:  a.GetComputed(),
			Sensitive: a.GetSensitive(),
			WriteOnly: a.GetWriteOnly(),
		})
	}
	return out
}

func readNested(f *faults, o *tfplugin6.Schema_Object) *nestedType {
	if o == nil {
		return nil
	}
	return &nestedType{Attributes: readAttributes(f, o.GetAttributes()), Nesting: lower(o.GetNesting())}
}

func readRemarks(of interface {
	GetDescription() string
	GetDescriptionKind() tfplugin6.StringKind
	GetDeprecated() bool
	GetDeprecationMessage() string
}) remarks {
	return remarks{
		Description:        of.GetDescription(),
		DescriptionKind:    lower(of.GetDescriptionKind()),
		Deprecated:         of.GetDeprecated(),
		DeprecationMessage: of.GetDeprecationMessage(),
	}
}

func readFunction(f *faults, in *tfplugin6.Function) *function {
	out := &function{
		Description:        in.GetDescription(),
		Summary:            in.GetSummary(),
		DeprecationMessage: in.GetDeprecationMessage(),
		Returns:            f.typ(in.GetReturn().GetType()),
	}
	for _, p := range in.GetParameters() {
		out.Parameters = append(out.Parameters, readParameter(f, p))
	}
	if p := in.GetVariadicParameter(); p != nil {
		out.Variadic = readParameter(f, p)
	}
	return out
}

func readParameter(f *faults, p *tfplugin6.Function_Parameter) *parameter {
	return &parameter{
		Name:        p.GetName(),
		Description: p.GetDescription(),
		Nullable:    p.GetAllowNullValue(),
		Type:        f.at("parameter " + p.GetName()).typ(p.GetType()),
	}
}

func readIdentity(f *faults, in *tfplugin6.ResourceIdentitySchema) *identitySchema {
	out := &identitySchema{Version: in.GetVersion()}
	for _, a := range in.GetIdentityAttributes() {
		set(&out.Attributes, a.GetName(), &identityAttribute{
			Type:        f.at("attribute " + a.GetName()).typ(a.GetType()),
			Description: a.GetDescription(),
			Required:    a.GetRequiredForImport(),
			Optional:    a.GetOptionalForImport(),
		})
	}
	return out
}

// set writes into a map that is made when it is needed.
func set[V any](all *map[string]V, name string, v V) {
	if *all == nil {
		*all = make(map[string]V)
	}
	(*all)[name] = v
}

// lower returns how JSON and the tree write what the .proto calls LIST.
func lower(enum fmt.Stringer) string { return strings.ToLower(enum.String()) }
