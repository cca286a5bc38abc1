# kbsync in an empty image: one static binary, certificates, and a folder for the state. docs/docker.md says how to use it.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY docs/openapi docs/openapi
COPY src src
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo rustc --release --locked --bin kbsync -- -C target-feature=+crt-static \
    && install -D target/release/kbsync /image/kbsync \
    && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
    && mkdir /empty

FROM scratch
COPY --from=build /image /
# A new volume takes its owner from the folder that it is mounted on.
COPY --from=build --chown=65532:65532 /empty /state
# The config, the state and the key `api_key` are found there by themselves. SQLite's temporary files have no names. A
# check of health asks there, also while a changed config is refused and the one before is in use.
ENV KBSYNC_CONFIG=/etc/kbsync/kbsync.yaml \
    STATE_DIRECTORY=/state \
    SQLITE_TMPDIR=/state \
    CREDENTIALS_DIRECTORY=/run/secrets \
    KBSYNC_HEALTH_AT=127.0.0.1:9484
USER 65532:65532
WORKDIR /state
VOLUME /state
HEALTHCHECK --start-period=30s CMD ["/kbsync", "health"]
ENTRYPOINT ["/kbsync"]
CMD ["run"]
