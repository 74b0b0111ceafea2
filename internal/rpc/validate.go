package rpc

import (
	"errors"
	"fmt"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// validate checks a message by the rules of its proto. The error names the
// first wrong field and its rule, never the value.
func validate(v protovalidate.Validator, msg any) error {
	m, ok := msg.(proto.Message)
	if !ok {
		return nil
	}
	err := v.Validate(m)
	if err == nil {
		return nil
	}
	var ve *protovalidate.ValidationError
	if !errors.As(err, &ve) || len(ve.Violations) == 0 {
		return fmt.Errorf("validate %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	first := ve.Violations[0]
	field := protovalidate.FieldPathString(first.Proto.GetField())
	text := first.Proto.GetMessage()
	if text == "" {
		text = "must satisfy " + first.Proto.GetRuleId()
	}
	return errs.Invalid(field, text)
}
