# `just` lists the recipes. Everything that CI runs is one of them.

# What goes into an image names no folder of the machine that built it
remapped := "--remap-path-prefix=" + justfile_directory() + "=. --remap-path-prefix=" + env("CARGO_HOME", env("HOME", "") + "/.cargo") + "=cargo"

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
    shellcheck .ci/run deploy/operator/render

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

# Write what follows from the types: crds/, the admission policies, docs/reference
gen:
    cargo run --quiet --bin crdgen

# Write what follows from the chart and from crds/: the chart's copy of them, its README, deploy/operator and deploy/argocd
chart:
    rm -f charts/ecs-operator/files/crds/*.ecs-operator.io.yaml && cp crds/*.yaml charts/ecs-operator/files/crds/
    mkdir -p charts/ecs-operator/files/guard && cp deploy/guard/policies.yaml charts/ecs-operator/files/guard/
    charts/readme.py charts/ecs-operator > charts/ecs-operator/README.md
    deploy/operator/render "$(cargo run --quiet --package envtest --bin envtest-program helm)" > deploy/operator/operator.yaml
    deploy/argocd/render > deploy/argocd/argocd-cm.yaml && deploy/argocd/render helm > deploy/argocd/values.yaml

# The chart, what is rendered from it, the IAM policies and the image builder
test-chart *ARGS:
    cargo test --test chart {{ ARGS }}

# End to end on the cluster of E2E_KUBECONFIG: image, chart, replicas, rights. tests/e2e/main.rs lists the variables
e2e *ARGS:
    {{ if env("E2E_PROFILE", "release") == "dev" { "cargo build --locked" } else { "RUSTFLAGS='" + remapped + "' cargo build --locked --release --package ecs-operator --package simulator" } }}
    cargo test --test e2e -- {{ ARGS }}

# The samples through the Argo CD of that cluster, from the Git repository E2E_REPOSITORY
e2e-argocd: (e2e "argocd")

# What is generated is what is committed
drift: gen chart
    git diff --exit-code -- crds charts deploy docs/reference

# An image for this machine's architecture as target/image.tar, without a container engine; prints its digest
image NAME="ecs-operator:dev":
    RUSTFLAGS="{{ remapped }}" cargo build --locked --release --package ecs-operator
    cargo metadata --locked --format-version 1 --filter-platform "$(uname -m)-unknown-linux-gnu" | SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) deploy/image/sbom.py ecs-operator Cargo.lock > "${CARGO_TARGET_DIR:-target}/sbom.json"
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) deploy/image/image.py --name {{ NAME }} --program "${CARGO_TARGET_DIR:-target}/release/ecs-operator" \
        --sbom "${CARGO_TARGET_DIR:-target}/sbom.json" --output "${CARGO_TARGET_DIR:-target}/image.tar" \
        --label org.opencontainers.image.title=ecs-operator --label org.opencontainers.image.licenses=Apache-2.0 \
        --label "org.opencontainers.image.revision=$(git rev-parse HEAD)"

# The same for two architectures, by a container engine, to a registry. Untried here, where none is
image-multiarch NAME:
    docker buildx build --platform linux/amd64,linux/arm64 --file deploy/image/Containerfile --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) --tag {{ NAME }} --push .

# The eleven metrics, beside floor, peer and goal
bench *ARGS:
    cargo build --release --package ecs-operator --package bench
    "${CARGO_TARGET_DIR:-target}"/release/bench {{ ARGS }}

# Set the version, date the changelog, commit and tag: `just release 0.2.0`
release VERSION:
    sed -i '0,/^version = ".*"/s//version = "{{ VERSION }}"/' Cargo.toml && cargo update --workspace --quiet
    sed -i 's/^\(version\|appVersion\): .*/\1: {{ VERSION }}/' charts/ecs-operator/Chart.yaml && just chart
    sed -i "s/^## \\[Unreleased\\]$/&\n\n## [{{ VERSION }}] - $(date +%F)/" CHANGELOG.md
    git commit -am 'Release {{ VERSION }}' && git tag 'v{{ VERSION }}'

# What CI runs before the tests
ci-check: fmt-check typos shell lint

# The tools that these recipes call, into target/tools
tools:
    python3 -m venv target/tools && target/tools/bin/pip install --quiet --requirement .ci/tools.txt
