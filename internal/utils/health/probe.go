package health

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// Bounds of an HTTP answer, in bytes.
const (
	maxProbeBody = 256 << 10 // that is read
	maxQuoted    = 4 << 10   // of one that is no Report, and is quoted
)

// Probe asks a process for its health and returns no error if it is ready; the
// results are those of checks that fail all the same, which only an HTTP answer
// tells. The
// target is a URL, http://127.0.0.1:8080/readyz (that path is the default), or
// a gRPC server without TLS, 127.0.0.1:50052 or grpc://127.0.0.1:50052/service.
// The error names the target and what it said. ctx should have a deadline.
func Probe(ctx context.Context, target string) ([]Result, error) {
	if strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") {
		return probeHTTP(ctx, target)
	}
	address, service, _ := strings.Cut(strings.TrimPrefix(target, "grpc://"), "/")
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return nil, fmt.Errorf("%q: must be host:port, grpc://host:port/service or http://host:port/readyz", target)
	}
	return nil, probeGRPC(ctx, target, address, service)
}

func probeHTTP(ctx context.Context, target string) ([]Result, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q: must be a URL such as http://127.0.0.1:8080/readyz", target)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/readyz"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("probe %s: %w", target, err)
	}
	// A transport of its own, so that no idle connection outlives the probe and
	// no proxy of the environment answers in place of the process.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("probe %s: %w", target, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProbeBody))
	if err != nil {
		return nil, fmt.Errorf("probe %s: %s, and its body broke off: %w", target, resp.Status, err)
	}
	var report Report
	known := json.Unmarshal(body, &report) == nil && report.Status != ""
	switch {
	case resp.StatusCode == http.StatusOK && known:
		return report.Failing(), nil
	case resp.StatusCode == http.StatusOK:
		return nil, nil
	case known:
		return nil, fmt.Errorf("probe %s: %s", target, report)
	}
	return nil, fmt.Errorf("probe %s: %s: %s", target, resp.Status, strings.TrimSpace(string(body[:min(len(body), maxQuoted)])))
}

func probeGRPC(ctx context.Context, target, address, service string) error {
	conn, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return fmt.Errorf("probe %s: %w", target, err)
	}
	defer conn.Close()
	resp, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: service})
	if err != nil {
		return fmt.Errorf("probe %s: %s", target, status.Convert(err).Message())
	}
	if resp.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fmt.Errorf("probe %s: %s", target, resp.GetStatus())
	}
	return nil
}
