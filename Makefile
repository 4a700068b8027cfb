# `make demo` needs no account; CI runs `make test` and `make test-slow`. These targets install what they need; see
# "Set-up" in CONTRIBUTING.md.

CARGO ?= cargo
PYTHON ?= python3
WASM_TARGET = wasm32-wasip2
# Without an operating system, so that the mapper imports what its world names and nothing else.
MAPPER_TARGET = wasm32-unknown-unknown
CONNECTOR = --locked --profile component --target $(WASM_TARGET) $(call same_paths,$(WASM_TARGET))
MAPPING = --locked --profile mapper --target $(MAPPER_TARGET) $(call same_paths,$(MAPPER_TARGET)) --no-default-features
COMPONENT = $(CONNECTOR) -p sophos-assets
MAPPER = $(MAPPING) -p sophos-assets
# The second connector, for any list of assets, in the same two forms.
LIST_COMPONENT = $(CONNECTOR) -p asset-list
LIST_MAPPER = $(MAPPING) -p asset-list
# Linked statically, the host runs on every Linux. musl's allocator costs about a third more CPU than glibc's, 12 µs for
# an endpoint; mimalloc in its place takes 90 MB in place of 23, and reserves more addresses than the compiler may have.
RELEASE_TARGET = x86_64-unknown-linux-musl
# What runs natively, always chosen together: cargo unites the features that the chosen packages need of a dependency,
# so another choice compiles wasmtime, tokio and jsonschema once more.
NATIVE = --locked -p sophos-assets -p connector-runtime -p asset-host -p sophos-central-simulator -p asset-list -p packaging
# The wasm components around a connector, for hosts that know only WASI; the tests of their parts run natively.
ADAPTERS = --locked --release --target $(WASM_TARGET) -p adapters
# Without this, cargo silently skips link-time optimisation for a crate that is also a Rust library.
LINKED = --crate-type cdylib
CLIPPY_FLAGS = -- -D warnings
# finish-component PACKAGE IN OUT: name, version, licence and source go into a component.
FINISH = target/release/finish-component
# What is released has the same bytes, wherever clone, cargo's files and the toolchain are: panics name source files.
# Flags for a target, added to those of .cargo/config.toml.
same_paths = --config 'target.$(1).rustflags=[$(foreach path,$(SAME_PATHS),"--remap-path-prefix=$(path)",)]'
SAME_PATHS = $(CURDIR)=/source $(BUILT)=/source/target $(CARGO_HOME)=/cargo \
	$(shell rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$(shell rustc -vV | sed -n 's/commit-hash: //p')
CARGO_HOME ?= $(HOME)/.cargo
BUILT = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
# Tools and packages that only tests need, outside the clone, where CI can keep a cache.
CACHE ?= $(HOME)/.cache/sophos-assets
VENV = $(CACHE)/venv
# The tests start it.
export NATS_SERVER = $(VENV)/bin/nats-server
FUZZ_SECONDS ?= 600
NODE_MODULES = preview/node_modules/.package-lock.json
HOST_NODE_MODULES = examples/node/node_modules/.package-lock.json

.PHONY: help setup build conformance guests adapters demo cluster-demo preview preview-build test lint test-unit test-end-to-end test-receiver \
	test-preview test-slow test-cluster test-hosts fuzz deny bench bench-quick benchmarks docs api-docs clean
.PHONY: component mapper dist test-dist nats-server

help:
	@echo "build         builds the host and both connectors into dist/"
	@echo "conformance   builds dist/conformance, which tests whether a component keeps the contract"
	@echo "guests        builds the hostile components of tests/guests/ into dist/guests/"
	@echo "adapters      composes the component with examples/adapters/ to a command and a server, in dist/adapters/"
	@echo "demo          collects 5,000 simulated endpoints with the real host and component; needs no account"
	@echo "cluster-demo  collects 200 simulated accounts with three replicas on three NATS servers, and kills one of each"
	@echo "preview       serves the web page that explains events, on loopback (PORT, 8080 by default); needs Node.js 20.10"
	@echo "test          runs lints and all tests but the slow ones"
	@echo "test-preview  tests only the page in Chromium, against the host and a native build"
	@echo "test-slow     runs the tests with a long set-up: the component in Node.js and Python, and built with"
	@echo "              cargo-component; the queries of docs/mapping.md in DuckDB; licences, sources and duplicates of the"
	@echo "              dependencies; each fuzz target for some seconds; faults of replicas and NATS servers; some of the"
	@echo "              end-to-end tests with their state on a NATS server"
	@echo "test-cluster  runs forty rounds of faults of replicas and NATS servers, and collects ten thousand accounts"
	@echo "test-hosts    runs the command and the server in wasmtime's command line, which it builds once, in 15 minutes"
	@echo "nats-server   installs the NATS server of the tests; cargo runs find it at its place, or by NATS_SERVER"
	@echo "fuzz          runs each fuzz target for FUZZ_SECONDS, 600 by default (fuzz/README.md)"
	@echo "deny          checks only licences, sources and duplicates of the dependencies (deny.toml)"
	@echo "bench         measures what a run costs, compared with curl and native code, and writes docs/benchmarks.md; takes"
	@echo "              about eight minutes on an idle machine, and fails no target"
	@echo "bench-quick   does the same on small fleets, to test the benchmarks themselves; writes nothing"
	@echo "lint          checks formatting, clippy and documentation"
	@echo "docs          writes the tables of rules in docs/mapping.md, and the API documentation in target/doc"
	@echo "dist          makes the release in dist/release/: the static host and the components as an archive, a Debian package"
	@echo "              and an image; takes about ten minutes after build"
	@echo "test-dist     makes the release, installs each of its forms and collects with it; needs root"
	@echo "clean         removes what was built"

# Not every rustup installs what rust-toolchain.toml names by itself. The C compiler links Rust and builds SQLite.
setup:
	@command -v cc >/dev/null || tests/install_packages.sh gcc libc6-dev
	@rustup show active-toolchain >/dev/null 2>&1 || rustup toolchain install
	@for target in $(WASM_TARGET) $(MAPPER_TARGET); do \
		rustup target list --installed | grep -qx $$target || rustup target add $$target; \
	done

component: setup
	$(CARGO) rustc $(COMPONENT) $(LINKED)
	$(CARGO) rustc $(LIST_COMPONENT) $(LINKED)

build: component
	$(CARGO) build --release $(NATIVE) --bins
	install -D -t dist target/release/asset-host target/release/sophos-central-simulator
	$(FINISH) sophos-assets target/$(WASM_TARGET)/component/sophos_assets.wasm dist/sophos-assets.wasm
	$(FINISH) asset-list target/$(WASM_TARGET)/component/asset_list.wasm dist/asset-list.wasm
	@for file in sophos-assets.wasm asset-list.wasm asset-host; do \
		printf 'dist/%s: %d KB\n' $$file $$(($$(wc -c <dist/$$file) / 1000)); \
	done

conformance: setup
	$(CARGO) build --release $(NATIVE) -p conformance --bins
	install -D -t dist target/release/conformance

# Components that break the sandbox's rules, one per file of tests/guests/.
guests: setup
	$(CARGO) build --locked --release --target $(WASM_TARGET) -p hostile-guests --examples
	@rm -rf dist/guests
	@install -m 644 -D -t dist/guests $(patsubst tests/guests/%.rs,target/$(WASM_TARGET)/release/examples/%.wasm,$(wildcard tests/guests/*.rs))

adapters: build
	$(CARGO) build $(ADAPTERS) --examples
	install -m 644 -D -t dist/adapters $(patsubst %,target/$(WASM_TARGET)/release/examples/%.wasm,egress secrets_env cli http)
	tests/adapters.sh $(CACHE)

demo: build
	tests/demo.sh

cluster-demo: build $(NATS_SERVER)
	$(CARGO) build --release $(NATIVE) -p cluster-tests --bin cluster-demo
	target/release/cluster-demo

preview: preview-build
	node preview/serve.mjs

mapper: setup
	$(CARGO) rustc $(MAPPER) $(LINKED)
	$(CARGO) rustc $(LIST_MAPPER) $(LINKED)
	$(CARGO) build --release $(NATIVE) --bins
	@mkdir -p dist
	$(FINISH) sophos-assets target/$(MAPPER_TARGET)/mapper/sophos_assets.wasm dist/sophos-mapper.wasm
	$(FINISH) asset-list target/$(MAPPER_TARGET)/mapper/asset_list.wasm dist/asset-list-mapper.wasm

# The page for any static server, in dist/preview/; and the one of the second connector, in dist/preview-asset-list/.
preview-build: mapper $(NODE_MODULES)
	$(CARGO) build --release $(NATIVE) --examples
	node preview/build.mjs
	node preview/build.mjs asset-list

$(NODE_MODULES): preview/package-lock.json
	npm ci --prefix preview --no-audit --no-fund --ignore-scripts
	touch $@

$(HOST_NODE_MODULES): examples/node/package-lock.json
	npm ci --prefix examples/node --no-audit --no-fund --ignore-scripts
	touch $@

test: lint test-unit test-end-to-end test-receiver test-preview

lint: setup
	rustup component list --installed | grep -q clippy || rustup component add clippy rustfmt
	$(CARGO) fmt --all --check
	$(CARGO) fmt --check --manifest-path connectors/template/Cargo.toml
	$(CARGO) clippy --release $(NATIVE) -p benchmarks -p adapters -p conformance -p other-hosts -p cluster-tests --all-targets $(CLIPPY_FLAGS)
	$(CARGO) clippy $(COMPONENT) $(CLIPPY_FLAGS)
	$(CARGO) clippy $(MAPPER) $(CLIPPY_FLAGS)
	$(CARGO) clippy $(LIST_COMPONENT) $(CLIPPY_FLAGS)
	$(CARGO) clippy $(LIST_MAPPER) $(CLIPPY_FLAGS)
	$(CARGO) clippy --locked --release --target $(WASM_TARGET) -p hostile-guests --examples $(CLIPPY_FLAGS)
	$(MAKE) api-docs
	$(CARGO) build --release $(NATIVE) --example rules
	target/release/examples/rules check docs/mapping.md

test-unit: setup $(NATS_SERVER)
	$(CARGO) test --locked --release -p sophos-assets -p connector-runtime -p asset-host -p asset-list -p benchmarks -p packaging
	$(CARGO) test --release $(NATIVE) -p adapters --example egress

test-end-to-end: build guests $(NATS_SERVER)
	$(CARGO) build --release $(NATIVE) --example embed
	$(CARGO) test --release $(NATIVE) -p conformance --test '*'
	$(CARGO) test --release $(NATIVE) -p cluster-tests --test cluster_harness --test cluster_messages --test cluster_once
	$(CARGO) test --release $(NATIVE) --doc

# The receiver's own models judge the golden events and those of a simulated fleet.
test-receiver: build $(VENV)/ready
	tests/receiver_models/test.sh $(VENV)/bin/python

$(VENV)/ready: tests/receiver_models/requirements.txt
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || tests/install_packages.sh python3-venv
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement tests/receiver_models/requirements.txt
	touch $@

nats-server: $(NATS_SERVER)

$(NATS_SERVER): tests/nats/requirements.txt $(VENV)/ready
	$(VENV)/bin/pip install --quiet --require-hashes --requirement tests/nats/requirements.txt
	touch $@

# The page in a real browser; and preview, host and native build compared with each other.
test-preview: build preview-build
	command -v chromium >/dev/null || tests/install_packages.sh chromium
	node --test --test-reporter=spec --test-concurrency=1 preview/tests/*.test.mjs

test-slow: guests adapters conformance $(VENV)/ready $(NATS_SERVER) $(HOST_NODE_MODULES)
	$(VENV)/bin/pip install --quiet --require-hashes --requirement examples/python/requirements.txt
	$(VENV)/bin/pip install --quiet --require-hashes --requirement tests/duckdb/requirements.txt
	$(VENV)/bin/python tests/duckdb/check.py dist/asset-host
	PYTHON=$(VENV)/bin/python $(CARGO) test --release $(NATIVE) -p other-hosts --test node --test python --test command
	$(CARGO) test --release $(NATIVE) -p adapters --test composed
	command -v faketime >/dev/null || tests/install_packages.sh faketime
	$(CARGO) test --release $(NATIVE) -p cluster-tests --test cluster_faults --test cluster_clocks -- --nocapture
	tests/on_cluster.sh $(CARGO) test --release $(NATIVE) --test collect --test faults --test destinations
	tests/write_a_connector.sh
	tests/cargo_component.sh $(CACHE)
	tests/deny.sh $(CACHE)
	tests/same_bytes.sh
	tests/fuzz.sh $(CACHE) smoke

# Many rounds of faults of replicas and servers, of which test-slow has a few, and ten thousand accounts.
test-cluster: build $(NATS_SERVER)
	CLUSTER_ROUNDS=40 $(CARGO) test --release $(NATIVE) -p cluster-tests --test cluster_faults -- --nocapture
	$(CARGO) test --release $(NATIVE) -p cluster-tests --test cluster_fleet -- --nocapture --test-threads=1

# By hand, for the time that the tool takes to build; the other hosts are in test-slow.
WASMTIME = $(CACHE)/wasmtime/bin/wasmtime
test-hosts: adapters
	tests/wasmtime.sh $(CACHE)
	for file in dist/adapters/*-cli.wasm dist/adapters/*-http.wasm; do \
		$(WASMTIME) compile $$file -o $${file%.wasm}.cwasm || exit; \
	done
	WASMTIME=$(WASMTIME) $(CARGO) test --release $(NATIVE) -p other-hosts --test wasmtime --test serve

fuzz: setup
	tests/fuzz.sh $(CACHE) $(FUZZ_SECONDS)

deny: setup
	tests/deny.sh $(CACHE)

# First single parts, then whole runs.
bench: benchmarks
	$(CARGO) bench $(NATIVE) --bench '*'
	target/release/benchmarks --write docs/benchmarks.md

bench-quick: benchmarks
	target/release/benchmarks --quick

benchmarks: build
	command -v curl >/dev/null || tests/install_packages.sh curl
	$(CARGO) build --release $(NATIVE) -p benchmarks --bins

# The tables of rules in docs/mapping.md, and the API documentation.
docs: setup
	$(CARGO) build --release $(NATIVE) --example rules
	target/release/examples/rules write docs/mapping.md
	$(MAKE) api-docs

api-docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release $(NATIVE) -p benchmarks -p conformance -p other-hosts -p cluster-tests -p hostile-guests --no-deps --document-private-items

# The release: see packaging/release.sh for what is in it.
dist: build mapper
	command -v musl-gcc >/dev/null || tests/install_packages.sh musl-tools
	rustup target list --installed | grep -qx $(RELEASE_TARGET) || rustup target add $(RELEASE_TARGET)
	$(CARGO) build --release $(NATIVE) --target $(RELEASE_TARGET) $(call same_paths,$(RELEASE_TARGET)) --bin asset-host
	$(CARGO) build --release $(NATIVE) --example manual
	packaging/release.sh $(CACHE)

test-dist: dist
	tests/dist.sh $(CACHE)

clean:
	$(CARGO) clean
	rm -rf dist preview/node_modules examples/node/node_modules
