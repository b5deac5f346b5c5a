package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	actionschema "github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	dataschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	ephemeralschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/statestore"
	storeschema "github.com/hashicorp/terraform-plugin-framework/statestore/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type weather struct{ datasource.DataSource }

func (weather) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "garden_weather"
}

func (weather) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = dataschema.Schema{Attributes: map[string]dataschema.Attribute{
		"day":  dataschema.StringAttribute{Required: true},
		"rain": dataschema.BoolAttribute{Computed: true},
	}}
}

type gate struct{ ephemeral.EphemeralResource }

func (gate) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = "garden_gate"
}

func (gate) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = ephemeralschema.Schema{Attributes: map[string]ephemeralschema.Attribute{
		"pass": ephemeralschema.StringAttribute{Computed: true, Sensitive: true},
	}}
}

// The list resource of plants has the name of the resource, as it must.
type plants struct{ list.ListResource }

func (plants) Metadata(ctx context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	plant{}.Metadata(ctx, req, resp)
}

func (plants) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = listschema.Schema{Attributes: map[string]listschema.Attribute{
		"colour": listschema.StringAttribute{Optional: true, Description: "Only those of this colour."},
	}}
}

type watering struct{ action.Action }

func (watering) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = "garden_water"
}

func (watering) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = actionschema.Schema{Attributes: map[string]actionschema.Attribute{
		"litres": actionschema.NumberAttribute{Required: true},
	}}
}

type shed struct{ statestore.StateStore }

func (shed) Metadata(_ context.Context, _ statestore.MetadataRequest, resp *statestore.MetadataResponse) {
	resp.TypeName = "garden_shed"
}

func (shed) Schema(_ context.Context, _ statestore.SchemaRequest, resp *statestore.SchemaResponse) {
	resp.Schema = storeschema.Schema{Attributes: map[string]storeschema.Attribute{
		"shelf": storeschema.StringAttribute{Required: true},
	}}
}

type bloom struct{ function.Function }

func (bloom) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "bloom"
}

func (bloom) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:     "When does it bloom?",
		Description: "Returns the months in which a plant blooms.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "name", Description: "What it is called."},
			function.BoolParameter{Name: "indoors", AllowNullValue: true},
		},
		VariadicParameter: function.StringParameter{Name: "colours"},
		Return:            function.ListReturn{ElementType: types.NumberType},
	}
}

type compost struct{ function.Function }

func (compost) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "compost"
}

func (compost) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{DeprecationMessage: "It smells.", Return: function.DynamicReturn{}}
}
