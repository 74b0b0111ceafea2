package rpc

import (
	"context"
	"slices"

	"google.golang.org/grpc"
)

// Replace returns a copy of a service description in which call answers one
// unary method, with replies that are encoded already. Interceptors work for
// this method as for the others.
func Replace[Request any, Reply Encoded](desc grpc.ServiceDesc, name string, call func(context.Context, *Request) (Reply, error)) *grpc.ServiceDesc {
	desc.Methods = slices.Clone(desc.Methods)
	at := slices.IndexFunc(desc.Methods, func(m grpc.MethodDesc) bool { return m.MethodName == name })
	full := "/" + desc.ServiceName + "/" + name
	desc.Methods[at].Handler = func(srv any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
		request := new(Request)
		if err := decode(request); err != nil {
			return nil, err
		}
		if around == nil {
			return answer(call(ctx, request))
		}
		return around(ctx, request, &grpc.UnaryServerInfo{Server: srv, FullMethod: full}, func(ctx context.Context, req any) (any, error) {
			request, _ := req.(*Request)
			return answer(call(ctx, request))
		})
	}
	return &desc
}

// answer returns an untyped nil on an error: a nil Reply in an interface would
// not be nil.
func answer[Reply Encoded](reply Reply, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return reply, nil
}
