package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/metaschema"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/statestore"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A garden is the provider. All the types of this program have, of their
// interfaces, only what tells a schema: the rest is an interface that nobody
// has put anything into.
type garden struct {
	provider.Provider

	plants    bool // all that is of protocol 6
	tools     bool // all that is of protocol 5
	misbehave func(*provider.SchemaResponse)
}

var (
	_ provider.ProviderWithMetaSchema         = (*garden)(nil)
	_ provider.ProviderWithFunctions          = (*garden)(nil)
	_ provider.ProviderWithEphemeralResources = (*garden)(nil)
	_ provider.ProviderWithListResources      = (*garden)(nil)
	_ provider.ProviderWithActions            = (*garden)(nil)
	_ provider.ProviderWithStateStores        = (*garden)(nil)
)

func (g *garden) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "garden"
}

func (g *garden) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A **garden**, and what grows in it.",
		Attributes: map[string]schema.Attribute{
			"key":   schema.StringAttribute{Optional: true, Sensitive: true, Description: "Opens the gate."},
			"beds":  schema.MapAttribute{Optional: true, ElementType: types.ListType{ElemType: types.NumberType}},
			"hedge": schema.BoolAttribute{Optional: true, DeprecationMessage: "Build a fence."},
		},
		Blocks: map[string]schema.Block{
			"fence": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{
				Attributes: map[string]schema.Attribute{"height": schema.NumberAttribute{Required: true}},
			}},
		},
	}
	if g.misbehave != nil {
		g.misbehave(resp)
	}
}

func (g *garden) MetaSchema(_ context.Context, _ provider.MetaSchemaRequest, resp *provider.MetaSchemaResponse) {
	resp.Schema = metaschema.Schema{Attributes: map[string]metaschema.Attribute{
		"gardener": metaschema.StringAttribute{Optional: true},
	}}
}

// one returns what the framework wants in place of a value, if it is wanted.
func one[T any](wanted bool, v T) []func() T {
	if !wanted {
		return nil
	}
	return []func() T{func() T { return v }}
}

func (g *garden) Resources(context.Context) []func() resource.Resource {
	return append(one[resource.Resource](g.plants, plant{}), one[resource.Resource](g.tools, tool{})...)
}

func (g *garden) DataSources(context.Context) []func() datasource.DataSource {
	return one[datasource.DataSource](g.tools, weather{})
}

func (g *garden) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return one[ephemeral.EphemeralResource](g.tools, gate{})
}

func (g *garden) ListResources(context.Context) []func() list.ListResource {
	return one[list.ListResource](g.plants, plants{})
}

func (g *garden) Actions(context.Context) []func() action.Action {
	return one[action.Action](g.tools, watering{})
}

func (g *garden) StateStores(context.Context) []func() statestore.StateStore {
	return one[statestore.StateStore](g.plants, shed{})
}

func (g *garden) Functions(context.Context) []func() function.Function {
	return append(one[function.Function](g.tools, bloom{}), one[function.Function](g.tools, compost{})...)
}
