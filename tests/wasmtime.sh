#!/usr/bin/env bash
# Installs wasmtime's command line. The argument is a folder outside the clone, where it is kept; building it takes
# about a quarter of an hour of computing.
set -euo pipefail
version=48.0.8
cache=$1/wasmtime
features=run,serve,compile,cranelift,cache,parallel-compilation,component-model,component-model-async,wasi-http
features=$features,wasi-config,logging
case "$("$cache/bin/wasmtime" --version 2>/dev/null)" in
"wasmtime $version"*) ;;
*) cargo install wasmtime-cli --version "$version" --locked --no-default-features --features "$features" --root "$cache" ;;
esac
