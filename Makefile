# Everything here needs Go and nothing else: what a target needs, it gets through
# the Go module proxy. The examples in other languages are tested where these are.

# Each module is built and tested as its users would build it, outside of the
# workspace, so that it needs no more than it says.
export GOWORK = off

MODULES  = . cmd/tenon grpcplug grpcplug/internal/interop examples/hello examples/kv \
	examples/kv/disk examples/kv/overgrpc examples/protofirst examples/terraform-schema \
	examples/terraform-schema/provider bench bench/carriers bench/dropin bench/overgrpc bench/stubs \
	interop compat/goplugin compat/shim compat/apitest tools/release
PLATFORMS = darwin freebsd windows

.PHONY: demo
demo: ## run the example, with the files of this repository
	@go -C examples/kv build -o ../../bin/kv ./kv
	@go -C examples/kv build -o ../../bin/kv-memory ./memory
	@go -C examples/kv/disk build -o ../../../bin/kv-disk .
	@bin/kv demo .

.PHONY: test
test: ## run all tests of all modules; with the race detector, if there is one, where the code under test is concurrent
	@for l in $(LANGUAGES); do command -v $${l#*:} >/dev/null || \
	  echo "== examples/kv in $${l%:*} is not tested: $${l#*:} is not on this machine"; done
	@set -e; for m in $(MODULES); do echo "== $$m"; go -C $$m test $$(case $$m in $(PLAIN)) ;; *) echo $(RACE); esac) $$(case $$m in $(FOREIGN)) echo -count=1 -timeout=30m; esac) ./...; done

# What examples/kv is written in besides Go, with what that needs.
LANGUAGES = Python:python3 Node:npm Rust:cargo

# Modules that test what is outside of them, where go test sees no changes and would
# take an old result, and that may have to download and to build it.
FOREIGN = examples/kv/overgrpc|grpcplug|compat/apitest

# Modules that use what the others test, with large libraries that would have to be
# compiled a second time.
PLAIN = bench|bench/*|interop|examples/hello|examples/protofirst|examples/terraform-schema*

# The race detector needs cgo, and so a C compiler.
RACE := $(shell command -v $$(go env CC) >/dev/null 2>&1 && echo -race)

.PHONY: interop
interop: ## hold Tenon, and compat/shim, against go-plugin v1.4.0 to v1.8.0, and print the tables
	@go -C interop test -count=1 # without a list of packages, or it would not show what they print

.PHONY: realworld
realworld: ## run programs of other people that are built with the shim: the first time it downloads and builds for long
	@go -C compat/realworld vet . && go -C compat/realworld test -count=1 -timeout=90m

.PHONY: lint
lint: ## gofmt, go vet, staticcheck; generated code is up to date; other platforms build
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	@go -C tools build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	@set -e; for m in $(MODULES); do (cd $$m && go vet ./... && $(CURDIR)/bin/staticcheck ./...); done
	@$(MAKE) --no-print-directory gen GENFLAGS=--check
	@set -e; for os in $(PLATFORMS); do GOOS=$$os go build ./...; done

.PHONY: bench
bench: ## measure Tenon beside go-plugin and a bare socketpair, both over gRPC, programs with the shim and without, and gRPC's stubs on either
	@go -C bench run .
	@go -C bench/overgrpc run .
	@go -C bench/dropin run .
	@go -C bench/stubs run .

.PHONY: fuzz
fuzz: ## run each fuzz target of the core, of grpcplug and of compat/goplugin for a while
	@set -e; for m in . grpcplug compat/goplugin; do for p in $$(go -C $$m list ./...); do \
	  for f in $$(go -C $$m test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    go -C $$m test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p; \
	  done; done; done

FUZZTIME = 30s

.PHONY: gen
gen: bin/tenon ## generate the code of all contracts
	@set -e; for m in $(GENERATED); do (cd $$m && $(CURDIR)/bin/tenon gen $(GENFLAGS) ./...); done

GENERATED = . cmd/tenon examples/hello examples/kv bench

.PHONY: proto
proto: ## hold all .proto files that are generated against buf's default lint, and compile them with protoc where there is one
	@test -x bin/buf || GOWORK=off GOBIN=$(CURDIR)/bin go install github.com/bufbuild/buf/cmd/buf@$(BUF)
	@set -e; for f in $$(git ls-files '*.proto' | grep -v -e /pb/ -e /testdata/ -e ^examples/protofirst/); do \
	  d=$$(mktemp -d); cp -r proto/. $$d; printf 'version: v2\n' > $$d/buf.yaml; \
	  n=$${f#proto/}; test $$f = proto/$$n || { n=$$(basename $$f); cp $$f $$d; }; \
	  (cd $$d && $(CURDIR)/bin/buf lint) || { echo "$$f"; rm -r $$d; exit 1; }; \
	  if command -v protoc >/dev/null; then protoc -I$$d -o/dev/null $$n; fi; \
	  rm -r $$d; done

BUF = v1.75.0

.PHONY: release
release: ## make the working tree that of a release, VERSION=v0.1.0, and print the git commands that remain
	@go -C tools/release run . -version '$(VERSION)'

.PHONY: bin/tenon
bin/tenon:
	@go -C cmd/tenon build -o ../../bin/tenon .
