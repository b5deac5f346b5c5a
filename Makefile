# Everything here needs Go and nothing else.

# Each example is a module of its own. It is built as its users would build it,
# outside of the workspace, so that it needs no more than it says.
.PHONY: demo
demo: ## run the example, with the files of this repository
	@GOWORK=off go -C examples/kv build -o ../../bin/kv ./kv
	@GOWORK=off go -C examples/kv build -o ../../bin/kv-memory ./memory
	@GOWORK=off go -C examples/kv/disk build -o ../../../bin/kv-disk .
	@bin/kv demo .

.PHONY: test
test: ## run all tests of all modules
	go test work

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@echo "lint: to be filled"

.PHONY: bench
bench: ## measure Tenon beside go-plugin and a bare socketpair
	@echo "bench: to be filled"

.PHONY: gen
gen: ## generate the code of all contracts
	@echo "gen: to be filled"
