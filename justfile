# Every recipe is an ordinary command: without just, run what stands below its name.

# List the recipes.
default:
    @just --list

# Serve on http://127.0.0.1:8000.
run *flags:
    cargo run --release -- serve {{flags}}

# Serve the page from static/ as it stands, for work on it.
page *flags:
    CALLBOARD_SERVER__STATIC_DIR=static cargo run -- serve {{flags}}

# All tests of the server.
test *flags:
    cargo test {{flags}}

# Several servers on one Redis while everything fails that may, for an hour. What is red says how it is repeated: CHAOS_SEED.
chaos seconds="3600":
    CHAOS_SECONDS={{seconds}} TESTS_NEED_REDIS=1 cargo test --test it whatever_fails -- --nocapture

# Formatting and lints, as they are checked.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Licences, sources and known faults of what is depended on; needs cargo-deny.
dependencies:
    cargo deny --locked --all-features check

# Set the formatting right.
fmt:
    cargo fmt

# The page, rebuilt into static/.
build-page:
    npm ci --prefix web
    npm run build --prefix web

# The page in node and in a browser. SHOTS=folder keeps screenshots.
test-page:
    cargo build
    npm ci --prefix web
    npm test --prefix web
    npm run browser --prefix web

# The page in numbers: bytes of the first load, delays under a fast stream.
bench-page:
    cargo build
    node bench/page/measure.mjs

# The benches that need no running server.
bench *flags:
    cargo bench {{flags}}

# Build the image and start it on 127.0.0.1:8000.
image:
    docker compose up --build

# Everything, as from a clean clone.
ci:
    .ci/run
