package database

import (
	"google.golang.org/grpc"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/rpc"
)

// GetSessions makes calls of GetSession that come on one stream.
func (s *Sessions) GetSessions(stream grpc.BidiStreamingServer[databasev1.GetSessionsRequest, databasev1.GetSessionsResponse]) error {
	return rpc.ServeBatch(stream, databasev1.SessionService_GetSession_FullMethodName)
}
