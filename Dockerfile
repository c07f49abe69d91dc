# Two stages: the toolchain builds, a small Debian runs.

FROM rust:1-slim-bookworm AS build
WORKDIR /build

# The dependencies alone, over empty sources: this layer stays while Cargo.toml and Cargo.lock do.
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo ./.cargo
COPY proto ./proto
COPY crates ./crates
RUN mkdir -p src benches static \
 && echo 'fn main() {}' > src/main.rs \
 && touch src/lib.rs \
 && for bench in $(sed -n '/^\[\[bench\]\]/,/^$/s/^name = "\(.*\)"$/\1/p' Cargo.toml); do echo 'fn main() {}' > "benches/$bench.rs"; done \
 && cargo build --profile dist --locked --bin callboard \
 && rm -rf src

COPY src ./src
COPY static ./static
COPY examples/workflows ./examples/workflows
COPY callboard.example.toml ./
# Files keep the time of the checkout, which may be before that of the empty sources.
RUN touch src/main.rs src/lib.rs \
 && cargo build --profile dist --locked --bin callboard

FROM debian:bookworm-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin callboard \
 && mkdir /data \
 && chown 10001:10001 /data
COPY --from=build /build/target/dist/callboard /usr/local/bin/callboard
ENV CALLBOARD_SERVER__HOST=0.0.0.0 CALLBOARD_STORE__URL=sqlite:/data/callboard.db
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 CMD ["callboard", "healthcheck"]
ENTRYPOINT ["callboard"]
CMD ["serve"]
