# `just` lists the recipes. Everything that CI runs is one of them.

[private]
default:
    @just --list --unsorted

# See it work: a kube-apiserver, the operator and a simulated ECS
demo *ARGS:
    cargo demo {{ ARGS }}

# All that must hold before a change is sent
check: fmt-check lint deny typos shell doc

# Format everything
fmt:
    cargo fmt --all

fmt-check:
    cargo fmt --all --check

# Clippy; a warning is an error
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Licences, bans and sources of dependencies
deny:
    cargo deny check bans licenses sources

# Known weaknesses of dependencies; needs the RustSec database
advisories:
    cargo deny check advisories

typos:
    typos

shell:
    shellcheck .ci/run

# The documentation builds, links hold, and no example is skipped
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    ! grep -rnE '^ *//[/!] ```(rust,)?ignore' --include='*.rs' src simulator envtest demo bench

# Every test that needs no node
test *ARGS:
    cargo test {{ ARGS }}

# The stories users live, on a real kube-apiserver
test-apiserver *ARGS:
    cargo test --test apiserver {{ ARGS }}

# One suite of AWS calls, on the simulator and on third-party emulators
test-contract *ARGS:
    cargo test --test contract {{ ARGS }}

# Write crds/ from the types
gen:
    cargo run --quiet --bin crdgen

# What is generated is what is committed
drift: gen
    git diff --exit-code -- crds

# The eleven metrics, beside floor, peer and goal
bench *ARGS:
    cargo build --release --package ecs-operator --package bench
    "${CARGO_TARGET_DIR:-target}"/release/bench {{ ARGS }}

# Set the version, date the changelog, commit and tag: `just release 0.2.0`
release VERSION:
    sed -i '0,/^version = ".*"/s//version = "{{ VERSION }}"/' Cargo.toml && cargo update --workspace --quiet
    sed -i "s/^## \\[Unreleased\\]$/&\n\n## [{{ VERSION }}] - $(date +%F)/" CHANGELOG.md
    git commit -am 'Release {{ VERSION }}' && git tag 'v{{ VERSION }}'

# What CI runs before the tests
ci-check: fmt-check typos shell lint

# The tools that these recipes call, into target/tools
tools:
    python3 -m venv target/tools && target/tools/bin/pip install --quiet --requirement .ci/tools.txt
