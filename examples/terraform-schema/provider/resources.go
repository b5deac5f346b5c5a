package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A plant has what is only of protocol 6: attributes within attributes.
type plant struct{ resource.Resource }

var _ resource.ResourceWithIdentity = plant{}

func (plant) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "garden_plant"
}

func (plant) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	leaf := schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
		"area":  schema.NumberAttribute{Required: true, Description: "In square centimetres."},
		"scent": schema.StringAttribute{Optional: true, Sensitive: true},
	}}
	resp.Schema = schema.Schema{
		Version:     3,
		Description: "Something that grows.\nSlowly.",
		Attributes: map[string]schema.Attribute{
			"id":     schema.StringAttribute{Computed: true},
			"name":   schema.StringAttribute{Required: true, Description: "What it is called, in Latin."},
			"height": schema.Float64Attribute{Optional: true, Computed: true},
			"leaves": schema.ListNestedAttribute{Optional: true, NestedObject: leaf},
			"roots":  schema.SetNestedAttribute{Computed: true, NestedObject: leaf},
			"fruits": schema.MapNestedAttribute{Optional: true, NestedObject: leaf, DeprecationMessage: "Count leaves."},
			"stem": schema.SingleNestedAttribute{Optional: true, Attributes: map[string]schema.Attribute{
				"rings": schema.ListNestedAttribute{Optional: true, NestedObject: leaf},
			}},
			"colours":   schema.SetAttribute{Optional: true, ElementType: types.StringType},
			"neighbour": schema.ObjectAttribute{Optional: true, AttributeTypes: position},
			"note":      schema.DynamicAttribute{Optional: true},
		},
	}
}

var position = map[string]attr.Type{
	"name":  types.StringType,
	"where": types.TupleType{ElemTypes: []attr.Type{types.NumberType, types.NumberType}},
	"tags":  types.MapType{ElemType: types.SetType{ElemType: types.BoolType}},
}

func (plant) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Version: 1,
		Attributes: map[string]identityschema.Attribute{
			"bed":  identityschema.StringAttribute{OptionalForImport: true, Description: "The bed that it is in."},
			"rows": identityschema.ListAttribute{RequiredForImport: true, ElementType: types.NumberType},
		},
	}
}

// A tool has all that both protocols have.
type tool struct{ resource.Resource }

func (tool) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "garden_tool"
}

func (tool) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	blade := map[string]schema.Attribute{"length": schema.Int64Attribute{Required: true}}
	resp.Schema = schema.Schema{
		DeprecationMessage: "Use your hands.",
		Attributes: map[string]schema.Attribute{
			"id":          schema.StringAttribute{Computed: true},
			"combination": schema.StringAttribute{Optional: true, Sensitive: true, WriteOnly: true, Description: "Of its lock."},
			"rust":        schema.NumberAttribute{Optional: true, DeprecationMessage: "Oil it."},
		},
		Blocks: map[string]schema.Block{
			"blade": schema.SetNestedBlock{NestedObject: schema.NestedBlockObject{
				Attributes: blade,
				Blocks: map[string]schema.Block{
					"tooth": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: blade}},
				},
			}},
			"handle": schema.SingleNestedBlock{
				Description:        "What it is held by.",
				DeprecationMessage: "Wear gloves.",
				Attributes:         map[string]schema.Attribute{"wood": schema.StringAttribute{Optional: true}},
			},
		},
	}
}
