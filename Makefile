# Waystone. `make` lists what there is to do.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

MODULE  := github.com/waystone-mmo/waystone
VERSION ?= $(shell scripts/version.sh)

# What the tests run with. Every package runs once, and with the race detector
# unless it is in PLAIN_PKGS: those share no state between goroutines that
# another package does not test, and are several times slower with it.
# RACE_FLAGS leaves it out of SQLite, which is C in Go's syntax and takes its own
# locks, and of the hashes of passwords: they only compute, ten times slower with
# it. The code that calls them is watched all the same.
UNWATCHED    := modernc.org/sqlite/lib modernc.org/libc golang.org/x/crypto/scrypt golang.org/x/crypto/argon2 golang.org/x/crypto/blake2b
RACE_FLAGS   := -race $(patsubst %,-gcflags=%=-race=false,$(UNWATCHED))
PKGS         ?= ./...
PLAIN_PKGS   ?= ./internal/store/sqlite/... ./internal/service/auth ./internal/game/... ./tests/e2e/...
TEST_TIMEOUT ?= 20m
TEST_FLAGS   ?=
FUZZTIME     ?= 60s
BENCH        ?= .
BENCHTIME    ?= 1s
BENCHFLAGS   ?=
MUTATEFLAGS  ?=

CONSISTENCY_TIME ?= 10m
CONSISTENCY_SEED ?= 0
CHECK_STEPS      ?= 10000000

TOOLS   := .tools
TESTENV := $(TOOLS)/testenv

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/waystone and bin/waystone-launcher
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X $(MODULE)/internal/app.version=$(VERSION) -X main.version=$(VERSION)' -o bin/ ./cmd/...

.PHONY: launchers
launchers: ## build the launcher for Windows, Linux and macOS into bin/launchers, where the website offers it
	scripts/launchers.sh '$(VERSION)' bin/launchers

.PHONY: run
run: build ## build, then run the whole server here; bots try it out and report
	LOG_LEVEL=$${LOG_LEVEL:-warn} ./bin/waystone serve --check

.PHONY: smoke
smoke: build ## build, start the whole server, let bots play once, and end with their verdict
	LOG_LEVEL=$${LOG_LEVEL:-warn} ./bin/waystone serve --check --exit

.PHONY: website
website: build ## run the example website on http://127.0.0.1:3000, and the server beside it
	@scripts/website-deps.sh
	@scripts/website.sh

.PHONY: test-website
test-website: build deps $(TESTENV) ## test the example website, in Chromium too; installs what it needs when root
	@scripts/website-deps.sh test
	cd website && node_modules/.bin/node node_modules/.bin/tsc --noEmit
	cd website && node_modules/.bin/biome check --error-on-warnings
	$(TESTENV) run -- bash -c 'cd website && exec node_modules/.bin/node --test --test-concurrency=2 --test-timeout=300000 "test/*.test.ts"'

.PHONY: test
test: deps $(TESTENV) $(TOOLS)/grpcurl ## run all tests against a fresh PostgreSQL and Redis; installs them when root
	@echo '== vet, which names what it has to compile first (some minutes, once)'
	go vet -v $(RACE_FLAGS) ./...
	go -C tools vet -v ./...
	@echo '== test'
	RACE_FLAGS='$(RACE_FLAGS)' $(TESTENV) run -- scripts/test.sh '$(PKGS)' '$(PLAIN_PKGS)' -timeout $(TEST_TIMEOUT) $(TEST_FLAGS)

.PHONY: test-rest
test-rest: deps $(TESTENV) ## run the tests that make test leaves out to be fast
	TEST_ALL=1 $(TESTENV) run -- go test $(RACE_FLAGS) -timeout $(TEST_TIMEOUT) $(TEST_FLAGS) -run '^(TestStore|TestStoreOverRedisAlone)$$' ./internal/store/cached
	TEST_ALL=1 $(TESTENV) run -- go test $(RACE_FLAGS) -timeout $(TEST_TIMEOUT) $(TEST_FLAGS) -run '^(TestTypesThatWork|TestTypesThatAreRefused|TestNamesOfAnyKind|TestRowsThatAreHiddenAreNotGone|TestSiteWritesOnEverySchema|TestEverySchemaOfTheWebsite|TestAChangedPasswordInEverySchemaOfTheWebsite)$$' ./internal/store/postgres

.PHONY: test-all
test-all: test test-rest ## run make test, then make test-rest

.PHONY: test-short
test-short: ## run the tests that need no servers, without the race detector; the others are skipped
	go test -short -timeout $(TEST_TIMEOUT) $(TEST_FLAGS) $(PKGS)

.PHONY: deps
deps: ## see to it that PostgreSQL, Redis and a C compiler are there for the tests
	@scripts/test-deps.sh

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (60s), one after the other
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: deps ## measure how fast database and auth answer, as ratios (half an hour); BENCHFLAGS=-help
	go run ./tests/bench $(BENCHFLAGS)

.PHONY: bench-go
bench-go: deps $(TESTENV) ## run the Go benchmarks that match BENCH, BENCHTIME (1s) each
	$(TESTENV) run -- go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem $(PKGS)

.PHONY: mutate
mutate: deps $(TESTENV) ## make small mistakes in the core packages and print those that no test notices (an hour or more); MUTATEFLAGS=-help
	$(TESTENV) run -- go run ./tests/mutate $(MUTATEFLAGS)

.PHONY: check-consistency
check-consistency: deps $(TESTENV) ## try for CONSISTENCY_TIME (10m) to get an answer that is too old, under faults
	$(TESTENV) run -- go test ./tests/consistency -count=1 -v -timeout 0 -run TestLong -length $(CONSISTENCY_TIME) -seed $(CONSISTENCY_SEED)

.PHONY: check-sight
check-sight: ## compare what players see with a simple model over CHECK_STEPS (10 million) steps
	go test ./internal/game/zone -count=1 -v -timeout 0 -run '^TestSightFollowsFromMotion$$' -steps $(CHECK_STEPS)

.PHONY: failure-matrix
failure-matrix: deps $(TESTENV) ## make every fault once and print what each RPC of the database part did under it
	$(TESTENV) run -- go test ./tests/failure -count=1 -v -run TestMatrix

.PHONY: gen
gen: $(TOOLS)/buf $(TOOLS)/protoc-gen-go $(TOOLS)/protoc-gen-go-grpc $(TOOLS)/sqlc deps $(TESTENV) ## regenerate code and documents
	$(TOOLS)/buf generate
	for config in $$(git ls-files '*sqlc.yaml'); do $(TOOLS)/sqlc generate -f "$$config"; done
	go -C tools run ./protodoc ..
	$(TESTENV) run -- go test ./internal/docgen -run TestDocsFresh -update

.PHONY: lint
lint: $(TOOLS)/golangci-lint $(TOOLS)/buf $(TOOLS)/sqlc ## check format, Go code, queries and protos, and that the protos still fit those on main
	scripts/gofmt-check.sh
	$(TOOLS)/golangci-lint run ./...
	for config in $$(git ls-files '*sqlc.yaml'); do $(TOOLS)/sqlc diff -f "$$config"; done
	$(TOOLS)/buf lint
	scripts/buf-breaking.sh $(TOOLS)/buf

.PHONY: tools
tools: $(addprefix $(TOOLS)/,buf golangci-lint grpcurl protoc-gen-go protoc-gen-go-grpc sqlc) $(TESTENV) ## build the tools that the other targets use, at the versions in tools/go.mod

.PHONY: clean
clean: ## remove what was built, tools included
	rm -rf bin $(TOOLS)

# A tool is built once, and again when the versions change.
TOOL_PKG_buf                := github.com/bufbuild/buf/cmd/buf
TOOL_PKG_golangci-lint      := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
TOOL_PKG_grpcurl            := github.com/fullstorydev/grpcurl/cmd/grpcurl
TOOL_PKG_protoc-gen-go      := google.golang.org/protobuf/cmd/protoc-gen-go
TOOL_PKG_protoc-gen-go-grpc := google.golang.org/grpc/cmd/protoc-gen-go-grpc
TOOL_PKG_sqlc               := github.com/sqlc-dev/sqlc/cmd/sqlc

$(TOOLS)/%: tools/go.mod tools/go.sum
	@echo '== build $* (a minute or so, once)'
	go -C tools build -o ../$@ $(TOOL_PKG_$*)
	@touch $@

# go build knows by itself whether there is anything to do.
.PHONY: $(TESTENV)
$(TESTENV):
	@go build -o $@ ./tests/testenv/cmd/testenv
