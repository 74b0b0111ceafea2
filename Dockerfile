# One image for all parts. Without arguments it runs the database part. Arguments
# select another part: docker run IMAGE waystone serve auth.
#
#   docker build -t database-service .
#   docker run -p 50052:50052 -e DATABASE_URL=postgres://… -e REDIS_URL=redis://… database-service

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=container
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/waystone-mmo/waystone/internal/app.version=${VERSION}" -o bin/waystone ./cmd/waystone

FROM scratch
LABEL org.opencontainers.image.title="Waystone" \
      org.opencontainers.image.description="MMORPG server: the database part, or any other" \
      org.opencontainers.image.licenses="Apache-2.0"
# TLS to PostgreSQL and Redis is checked against these authorities.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/bin/waystone /usr/local/bin/waystone
ENV PATH=/usr/local/bin
# Probes and metrics are requested from outside the container. A part that runs
# alone opens its gRPC port to all addresses by default.
ENV OPS_LISTEN_ADDR=0.0.0.0
USER 65532:65532
EXPOSE 50052 8082
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["waystone", "health", "database"]
CMD ["waystone", "serve", "database"]
