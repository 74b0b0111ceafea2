package connection_test

import (
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// BenchmarkEcho is the time of one packet to a connection and its answer back,
// and x_bare how many round trips of the same bytes over bare TCP take as long.
func BenchmarkEcho(b *testing.B) {
	cfg := settings()
	l := tcp(b, cfg, &handler{handle: echo})
	if err := l.client.SetDeadline(time.Time{}); err != nil { // it lasts as long as it is told
		b.Fatal(err)
	}
	const text = "Is anybody going to the city of Junon Polis?"
	plain, err := packets.Append(nil, &packets.LocalChat{Entity: 1, Text: text})
	if err != nil {
		b.Fatal(err)
	}
	answer := make([]byte, len(plain))
	// The client seals outside the measured part: what it costs is not ours.
	const prepared = 4096
	var request [prepared][]byte
	for i := range request {
		request[i] = l.sealed(&packets.ChatRequest{Text: text})
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		roundTrip(b, l.client, request[i%prepared], answer)
		i++
	}
	perPacket := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(time.Second)/float64(perPacket), "packets/s")
	b.ReportMetric(timesBare(b, l.client, request[0], answer), "x_bare")
}

func roundTrip(b *testing.B, nc net.Conn, request, answer []byte) {
	b.Helper()
	if _, err := nc.Write(request); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(nc, answer); err != nil {
		b.Fatal(err)
	}
}

// timesBare compares round trips over nc with those through a goroutine that
// answers without looking, in turns, so that both meet the same machine.
func timesBare(b *testing.B, nc net.Conn, request, answer []byte) float64 {
	b.Helper()
	bareServer, bare := tcpPair(b)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer bareServer.Close()
		in := make([]byte, len(request))
		for {
			if _, err := io.ReadFull(bareServer, in); err != nil {
				return
			}
			if _, err := bareServer.Write(answer); err != nil {
				return
			}
		}
	}()
	const rounds = 4000
	var took [2][]time.Duration
	for range rounds {
		for i, c := range []net.Conn{nc, bare} {
			start := time.Now()
			roundTrip(b, c, request, answer)
			took[i] = append(took[i], time.Since(start))
		}
	}
	_ = bare.Close()
	<-done
	slices.Sort(took[0])
	slices.Sort(took[1])
	return float64(took[0][rounds/2]) / float64(took[1][rounds/2])
}

// BenchmarkStream is the time of one packet out of many that are under way at
// once, which is what a full server sees.
func BenchmarkStream(b *testing.B) {
	cfg := settings()
	l := tcp(b, cfg, &handler{handle: echo})
	if err := l.client.SetDeadline(time.Time{}); err != nil { // it lasts as long as it is told
		b.Fatal(err)
	}
	const text, batch = "hello", 64
	plain, err := packets.Append(nil, &packets.LocalChat{Entity: 1, Text: text})
	if err != nil {
		b.Fatal(err)
	}
	answers := make([]byte, batch*len(plain))
	const prepared = 64
	var request [prepared][]byte
	for i := range request {
		for range batch {
			request[i] = append(request[i], l.sealed(&packets.ChatRequest{Text: text})...)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		roundTrip(b, l.client, request[i%prepared], answers)
		i++
	}
	perBatch := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(batch*float64(time.Second)/float64(perBatch), "packets/s")
	b.ReportMetric(timesBare(b, l.client, request[0], answers), "x_bare")
}
