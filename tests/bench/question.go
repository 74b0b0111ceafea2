package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec for everything that is no question
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// question is a call whose answer stays the same. The first answer is decoded
// and checked; from then on the request is sent as the bytes that it is, and an
// answer is compared with the bytes of the first. So every answer is verified,
// and what is measured is the server rather than how fast its callers, on the
// same cores, encode and decode.
type question struct {
	method  string
	request mem.BufferSlice
	answer  []byte
}

var errOtherAnswer = errors.New("the answer is not the one that was checked")

// ask makes a question of a request: it asks once, decodes the answer into
// reply and has it checked.
func ask(ctx context.Context, cc *grpc.ClientConn, method string, request, reply proto.Message, check func() error) (*question, error) {
	b, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	q := &question{method: method, request: mem.BufferSlice{mem.SliceBuffer(b)}}
	first := &firstAnswer{}
	if err := cc.Invoke(ctx, method, q, first); err != nil {
		return nil, err
	}
	q.answer = first.bytes
	if err := proto.Unmarshal(q.answer, reply); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	if err := check(); err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	return q, nil
}

// again asks once more.
func (q *question) again(ctx context.Context, cc *grpc.ClientConn) error {
	return cc.Invoke(ctx, q.method, q, q)
}

// is reports whether an answer is the one that was checked.
func (q *question) is(data mem.BufferSlice) bool {
	rest := q.answer
	for _, part := range data {
		b := part.ReadOnlyData()
		if !bytes.HasPrefix(rest, b) {
			return false
		}
		rest = rest[len(b):]
	}
	return len(rest) == 0
}

// firstAnswer takes the bytes of an answer.
type firstAnswer struct{ bytes []byte }

// codec is grpc's own for protobuf, and knows questions.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal returns the bytes of a question, or encodes a message.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if q, ok := v.(*question); ok {
		return q.request, nil
	}
	return c.CodecV2.Marshal(v)
}

// Unmarshal compares the answer to a question, or decodes a message.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	switch v := v.(type) {
	case *question:
		if !v.is(data) {
			return errOtherAnswer
		}
		return nil
	case *firstAnswer:
		v.bytes = data.Materialize()
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}
