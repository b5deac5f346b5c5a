package cases_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/across"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/alias"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/basics"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/big"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/broken"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/bytes"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/callbacks"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/collide"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/directives"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/docs"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/emptyiface"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/enums"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/errs"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/files"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/generic"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/jsonraw"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/lists"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/manyresults"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/maps"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/noctx"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/noerror"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/optional"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/packagename"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/promoted"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/protomsg"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/recursive"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/refs"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/shadowed"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/streams"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/structs"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/tags"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/texts"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/times"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/twocontracts"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/unnamed"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/variadic"
)

// A testCase is a package with contracts.
type testCase struct {
	dir       string
	contracts []contract
}

// A contract is what is tested of one.
type contract struct {
	service tenon.Service
	iface   reflect.Type
	open    func(ctx context.Context, conn tenon.Conn) (any, error)
	run     func(t *testing.T, v any) // what is not an echo; may be nil
}

// of makes a contract of an implementation that is served, of what opens it,
// and of the test of what is no echo.
func of[T any](service tenon.Service, open func(context.Context, tenon.Conn) (T, error), run func(*testing.T, T)) contract {
	c := contract{
		service: service,
		iface:   reflect.TypeFor[T](),
		open:    func(ctx context.Context, conn tenon.Conn) (any, error) { return open(ctx, conn) },
	}
	if run != nil {
		c.run = func(t *testing.T, v any) { run(t, v.(T)) }
	}
	return c
}

// services makes all services anew.
func services() []tenon.Service {
	var list []tenon.Service
	for _, tc := range all() {
		for _, c := range tc.contracts {
			list = append(list, c.service)
		}
	}
	return list
}

// all are the cases, with implementations that nobody has used before.
func all() []testCase {
	return []testCase{
		{"across", []contract{
			of(across.ServeAcross(&across.Impl{}), across.OpenAcross, testAcross),
		}},
		{"alias", []contract{
			of(alias.ServeAliases(alias.Echo{}), alias.OpenAliases, testAlias),
		}},
		{"basics", []contract{
			of(basics.ServeBasics(basics.Echo{}), basics.OpenBasics, nil),
		}},
		{"big", []contract{
			of(big.ServeBig(big.Echo{}), big.OpenBig, nil),
		}},
		{"broken", []contract{
			of(broken.ServeProbe(&broken.Impl{}), broken.OpenProbe, testBroken),
		}},
		{"bytes", []contract{
			of(bytes.ServeBytes(bytes.Echo{}), bytes.OpenBytes, nil),
		}},
		{"callbacks", []contract{
			of(callbacks.ServeCallbacks(&callbacks.Impl{}), callbacks.OpenCallbacks, testCallbacks),
		}},
		{"collide", []contract{
			of(collide.ServeCollide(collide.Echo{}), collide.OpenCollide, testCollide),
		}},
		{"directives", []contract{
			of(directives.ServeStore(&directives.Impl{}), directives.OpenStore, testDirectives),
		}},
		{"docs", []contract{
			of(docs.ServeDocs(docs.Echo{}), docs.OpenDocs, nil),
		}},
		{"emptyiface", []contract{
			of(emptyiface.ServeEmpty(struct{}{}), emptyiface.OpenEmpty, nil),
			of(emptyiface.ServeNothing(emptyiface.Echo{}), emptyiface.OpenNothing, testNothing),
		}},
		{"enums", []contract{
			of(enums.ServeEnums(enums.Echo{}), enums.OpenEnums, nil),
		}},
		{"errs", []contract{
			of(errs.ServeErrors(errs.Echo{}), errs.OpenErrors, testErrs),
		}},
		{"files", []contract{
			of(files.ServeFS(&files.Memory{}), files.OpenFS, testFiles),
		}},
		{"generic", []contract{
			of(generic.ServeGeneric(generic.Echo{}), generic.OpenGeneric, testGeneric),
		}},
		{"jsonraw", []contract{
			of(jsonraw.ServeJSON(jsonraw.Echo{}), jsonraw.OpenJSON, nil),
		}},
		{"lists", []contract{
			of(lists.ServeLists(lists.Echo{}), lists.OpenLists, testLists),
		}},
		{"manyresults", []contract{
			of(manyresults.ServeMany(manyresults.Impl{}), manyresults.OpenMany, testManyResults),
		}},
		{"maps", []contract{
			of(maps.ServeMaps(maps.Echo{}), maps.OpenMaps, nil),
		}},
		{"noctx", []contract{
			of(noctx.ServeStore(&noctx.Memory{}), noctx.OpenStore, testNoCtx),
		}},
		{"noerror", []contract{
			of(noerror.ServeCounter(&noerror.Count{}), noerror.OpenCounter, testNoError),
		}},
		{"optional", []contract{
			of(optional.ServeStore(optional.Base{}), optional.OpenStore, nil),
			of(optional.ServeOne(optional.Closing{}), optional.OpenOne, nil),
		}},
		{"packagename", []contract{
			of(packagename.ServeStore(packagename.Echo{}), packagename.OpenStore, testPackageName),
		}},
		{"promoted", []contract{
			of(promoted.ServeStore(&promoted.Memory{}), promoted.OpenStore, testPromoted),
		}},
		{"protomsg", []contract{
			of(protomsg.ServeMessages(protomsg.Echo{}), protomsg.OpenMessages, nil),
		}},
		{"recursive", []contract{
			of(recursive.ServeRecursive(recursive.Echo{}), recursive.OpenRecursive, testRecursive),
		}},
		{"refs", []contract{
			of(refs.ServeRefs(&refs.Impl{}), refs.OpenRefs, testRefs),
		}},
		{"shadowed", []contract{
			of(shadowed.ServeShadows(shadowed.Echo{}), shadowed.OpenShadows, testShadowed),
		}},
		{"streams", []contract{
			of(streams.ServeResults(streams.Sources{}), streams.OpenResults, testResults),
			of(streams.ServeArguments(streams.Sinks{}), streams.OpenArguments, testArguments),
			of(streams.ServeBoth(streams.Pipes{}), streams.OpenBoth, testBoth),
		}},
		{"structs", []contract{
			of(structs.ServeStructs(structs.Echo{}), structs.OpenStructs, testStructs),
		}},
		{"tags", []contract{
			of(tags.ServeTags(tags.Echo{}), tags.OpenTags, testTags),
		}},
		{"texts", []contract{
			of(texts.ServeTexts(texts.Echo{}), texts.OpenTexts, testTexts),
		}},
		{"times", []contract{
			of(times.ServeTimes(times.Echo{}), times.OpenTimes, testTimes),
		}},
		{"twocontracts", []contract{
			of(twocontracts.ServeFirst(twocontracts.Echo1{}), twocontracts.OpenFirst, testFirst),
			of(twocontracts.ServeSecond(twocontracts.Echo2{}), twocontracts.OpenSecond, nil),
			of(twocontracts.ServeThird(twocontracts.Echo3{}), twocontracts.OpenThird, testThird),
		}},
		{"unnamed", []contract{
			of(unnamed.ServeUnnamed(unnamed.Echo{}), unnamed.OpenUnnamed, testUnnamed),
		}},
		{"variadic", []contract{
			of(variadic.ServeVariadic(variadic.Echo{}), variadic.OpenVariadic, testVariadic),
		}},
	}
}
