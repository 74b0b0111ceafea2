package rpc

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// A batch stream carries many calls of one unary method. If several are waiting
// to be sent, they go in one message. For short calls most of the cost of gRPC
// is per message, not per byte, and here the calls share it. The messages of
// such a stream look like these, for every method:
//
//	message Requests { repeated Call calls = 1; }
//	message Call     { uint64 number = 1; <Request> request = 2; uint32 timeout_ms = 3; }
//	message Replies  { repeated Answer answers = 1; bool stopping = 2; }
//	message Answer   { uint64 number = 1; <Response> found = 2; bytes refusal = 3; }
//
// They are encoded and decoded by hand: requests and replies are copied as they
// are, and a malformed request fails by itself and not the whole message.

// Bounds of a batch stream.
const (
	// maxBatch bounds the calls and the answers in a message.
	maxBatch = 256
	// maxBatchCalls bounds the calls of a stream that have been read and not been
	// answered. While the next message could exceed it, the server does not read.
	maxBatchCalls = 1024
	// maxBatchBytes is the size of a message from which on nothing more is
	// added to it.
	maxBatchBytes = 256 << 10
	// batchOverhead is the most that a request or a reply takes in addition to
	// its own bytes.
	batchOverhead = 64
)

// Fields of the messages above.
const (
	fieldItem    protowire.Number = 1
	fieldNumber  protowire.Number = 1
	fieldRequest protowire.Number = 2
	fieldTimeout protowire.Number = 3
	fieldFound   protowire.Number = 2
	fieldRefusal protowire.Number = 3
	fieldGoing   protowire.Number = 2
)

// batchCall is a call as it was received.
type batchCall struct {
	number  uint64
	request []byte
	timeout time.Duration
}

// batchAnswer is an answer to be sent: a reply in pieces, or an encoded status.
type batchAnswer struct {
	number  uint64
	refused bool
	size    int
	parts   [][]byte
}

// appendCall appends a call to a message.
func appendCall(b []byte, number uint64, request []byte, timeout time.Duration) []byte {
	ms := uint64(max(1, min(timeout.Milliseconds(), 1<<32-1))) //nolint:gosec // 1 or more
	size := 3 + protowire.SizeVarint(number) + protowire.SizeBytes(len(request)) + protowire.SizeVarint(ms)
	b = protowire.AppendTag(b, fieldItem, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size)) //nolint:gosec // a length
	b = protowire.AppendTag(b, fieldNumber, protowire.VarintType)
	b = protowire.AppendVarint(b, number)
	b = protowire.AppendTag(b, fieldRequest, protowire.BytesType)
	b = protowire.AppendBytes(b, request)
	b = protowire.AppendTag(b, fieldTimeout, protowire.VarintType)
	return protowire.AppendVarint(b, ms)
}

// appendTo appends the answer to a message.
func (a *batchAnswer) appendTo(b []byte) []byte {
	field := fieldFound
	if a.refused {
		field = fieldRefusal
	}
	b = protowire.AppendTag(b, fieldItem, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(2+protowire.SizeVarint(a.number)+protowire.SizeBytes(a.size))) //nolint:gosec // a length
	b = protowire.AppendTag(b, fieldNumber, protowire.VarintType)
	b = protowire.AppendVarint(b, a.number)
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(a.size)) //nolint:gosec // a length
	for _, p := range a.parts {
		b = append(b, p...)
	}
	return b
}

var errMalformedBatch = errs.New(errs.InvalidArgument, "MALFORMED_REQUEST", "the bytes of the message are no batch of calls")

// parseCalls decodes a message of calls. It does not decode their requests.
func parseCalls(message []byte) ([]batchCall, error) {
	var calls []batchCall
	ok := fields(message, func(num protowire.Number, _ uint64, value []byte) bool {
		if num != fieldItem || value == nil {
			return true
		}
		c := batchCall{timeout: DefaultTimeout}
		calls = append(calls, c)
		last := &calls[len(calls)-1]
		return fields(value, func(num protowire.Number, n uint64, value []byte) bool {
			switch {
			case num == fieldNumber && value == nil:
				last.number = n
			case num == fieldRequest && value != nil && last.request == nil:
				last.request = value
			case num == fieldRequest && value != nil: // a repeated field: protobuf merges the messages
				last.request = append(last.request[:len(last.request):len(last.request)], value...)
			case num == fieldTimeout && value == nil && uint32(n) != 0: //nolint:gosec // as protobuf reads it
				last.timeout = time.Duration(uint32(n)) * time.Millisecond //nolint:gosec // as above
			}
			return true
		})
	})
	if !ok {
		return nil, errMalformedBatch
	}
	return calls, nil
}

// appendStopping appends to a message that the server is about to stop.
func appendStopping(b []byte) []byte {
	b = protowire.AppendTag(b, fieldGoing, protowire.VarintType)
	return protowire.AppendVarint(b, 1)
}

// parseAnswers decodes a message of answers and calls f for each, with a reply
// or with a refusal. going means that the server is about to stop.
func parseAnswers(message []byte, f func(number uint64, found, refusal []byte)) (going, ok bool) {
	ok = fields(message, func(num protowire.Number, n uint64, value []byte) bool {
		if num == fieldGoing && value == nil {
			going = n != 0
			return true
		}
		if num != fieldItem || value == nil {
			return true
		}
		var number uint64
		var found, refusal []byte
		ok := fields(value, func(num protowire.Number, n uint64, value []byte) bool {
			switch {
			case num == fieldNumber && value == nil:
				number = n
			case num == fieldFound && value != nil:
				found, refusal = value, nil
			case num == fieldRefusal && value != nil:
				found, refusal = nil, value
			}
			return true
		})
		if ok {
			f(number, found, refusal)
		}
		return ok
	})
	return going, ok
}

// fields calls f for each field of a message, with a number or with bytes that
// are not nil. Fields of other types are skipped. It returns false if the bytes
// are no message or if f returns false.
func fields(b []byte, f func(num protowire.Number, n uint64, value []byte) bool) bool {
	for len(b) > 0 {
		num, typ, size := protowire.ConsumeTag(b)
		if size < 0 {
			return false
		}
		b = b[size:]
		var n uint64
		var value []byte
		switch typ {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			value, size = protowire.ConsumeBytes(b)
		default:
			size = protowire.ConsumeFieldValue(num, typ, b)
			if size >= 0 {
				b = b[size:]
				continue
			}
		}
		if size < 0 || !f(num, n, value) {
			return false
		}
		b = b[size:]
	}
	return true
}
