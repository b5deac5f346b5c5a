package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// The types below are what "terraform providers schema -json" prints, as far as
// one provider goes. What is empty is left out.

// schemas are all that a provider offers.
type schemas struct {
	Provider    *schema                    `json:"provider,omitempty"`
	Meta        *schema                    `json:"provider_meta,omitempty"` // not printed by Terraform
	Resources   map[string]*schema         `json:"resource_schemas,omitempty"`
	DataSources map[string]*schema         `json:"data_source_schemas,omitempty"`
	Ephemeral   map[string]*schema         `json:"ephemeral_resource_schemas,omitempty"`
	Lists       map[string]*schema         `json:"list_resource_schemas,omitempty"`
	StateStores map[string]*schema         `json:"state_store_schemas,omitempty"`
	Actions     map[string]*schema         `json:"action_schemas,omitempty"`
	Functions   map[string]*function       `json:"functions,omitempty"`
	Identities  map[string]*identitySchema `json:"resource_identity_schemas,omitempty"`
}

type schema struct {
	Version int64  `json:"version"`
	Block   *block `json:"block,omitempty"`
}

type block struct {
	Attributes map[string]*attribute `json:"attributes,omitempty"`
	Blocks     map[string]*blockType `json:"block_types,omitempty"`
	remarks
}

// remarks are for people.
type remarks struct {
	Description        string `json:"description,omitempty"`
	DescriptionKind    string `json:"description_kind,omitempty"`
	Deprecated         bool   `json:"deprecated,omitempty"`
	DeprecationMessage string `json:"deprecation_message,omitempty"`
}

// An attribute has a type or a nested type.
type attribute struct {
	Type   *typ        `json:"type,omitempty"`
	Nested *nestedType `json:"nested_type,omitempty"`
	remarks
	Required  bool `json:"required,omitempty"`
	Optional  bool `json:"optional,omitempty"`
	Computed  bool `json:"computed,omitempty"`
	Sensitive bool `json:"sensitive,omitempty"`
	WriteOnly bool `json:"write_only,omitempty"`
}

type nestedType struct {
	Attributes map[string]*attribute `json:"attributes,omitempty"`
	Nesting    string                `json:"nesting_mode,omitempty"`
}

type blockType struct {
	Nesting string `json:"nesting_mode,omitempty"`
	Block   *block `json:"block,omitempty"`
	Min     int64  `json:"min_items,omitempty"`
	Max     int64  `json:"max_items,omitempty"` // 0 is any number
}

type function struct {
	Description        string       `json:"description,omitempty"`
	Summary            string       `json:"summary,omitempty"`
	DeprecationMessage string       `json:"deprecation_message,omitempty"`
	Returns            *typ         `json:"return_type"`
	Parameters         []*parameter `json:"parameters,omitempty"`
	Variadic           *parameter   `json:"variadic_parameter,omitempty"`
}

type parameter struct {
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Nullable    bool   `json:"is_nullable,omitempty"`
	Type        *typ   `json:"type"`
}

type identitySchema struct {
	Version    int64                         `json:"version"`
	Attributes map[string]*identityAttribute `json:"attributes,omitempty"`
}

type identityAttribute struct {
	Type        *typ   `json:"type,omitempty"`
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required_for_import,omitempty"`
	Optional    bool   `json:"optional_for_import,omitempty"`
}

// printJSON prints one provider's schemas as Terraform prints those of many.
func printJSON(out io.Writer, name string, s *schemas) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Format  string              `json:"format_version"`
		Schemas map[string]*schemas `json:"provider_schemas"`
	}{"1.0", map[string]*schemas{name: s}})
}

// only returns what has a name, of whichever kind. The schema of the provider
// itself has none.
func (s *schemas) only(name string) (*schemas, error) {
	one := &schemas{
		Resources:   pick(s.Resources, name),
		DataSources: pick(s.DataSources, name),
		Ephemeral:   pick(s.Ephemeral, name),
		Lists:       pick(s.Lists, name),
		StateStores: pick(s.StateStores, name),
		Actions:     pick(s.Actions, name),
		Functions:   pick(s.Functions, name),
		Identities:  pick(s.Identities, name),
	}
	if len(one.names()) == 0 {
		return nil, fmt.Errorf("has nothing that is called %s; %s", name, s.others(name))
	}
	return one, nil
}

func pick[V any](all map[string]V, name string) map[string]V {
	if v, ok := all[name]; ok {
		return map[string]V{name: v}
	}
	return nil
}

// names returns the names of all that s has, sorted, each once.
func (s *schemas) names() []string {
	all := make(map[string]bool)
	for _, kind := range []map[string]*schema{s.Resources, s.DataSources, s.Ephemeral, s.Lists, s.StateStores, s.Actions} {
		for name := range kind {
			all[name] = true
		}
	}
	for name := range s.Functions {
		all[name] = true
	}
	for name := range s.Identities {
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// others says what there is, when there is nothing by a name.
func (s *schemas) others(name string) string {
	const most = 12
	all := s.names()
	alike := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return !strings.Contains(n, name) })
	if len(alike) > 0 {
		all = alike
	}
	if len(all) == 0 {
		return "it offers nothing"
	}
	if more := len(all) - most; more > 0 {
		return fmt.Sprintf("it has %s and %d others", strings.Join(all[:most], ", "), more)
	}
	return "it has " + strings.Join(all, ", ")
}
