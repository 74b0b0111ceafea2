package storepb

import (
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
)

// CredentialRequestPB asks for a user by a key.
func CredentialRequestPB(by store.UserKey, value string) *databasev1.GetCredentialRequest {
	switch by {
	case store.ByUsername:
		return &databasev1.GetCredentialRequest{User: &databasev1.GetCredentialRequest_Username{Username: value}}
	case store.ByEmail:
		return &databasev1.GetCredentialRequest{User: &databasev1.GetCredentialRequest_Email{Email: value}}
	case store.ByID:
	}
	return &databasev1.GetCredentialRequest{User: &databasev1.GetCredentialRequest_UserId{UserId: value}}
}

// CredentialRequest is the key that m asks by; an empty id for none.
func CredentialRequest(m *databasev1.GetCredentialRequest) (by store.UserKey, value string) {
	switch u := m.GetUser().(type) {
	case *databasev1.GetCredentialRequest_Username:
		return store.ByUsername, u.Username
	case *databasev1.GetCredentialRequest_Email:
		return store.ByEmail, u.Email
	}
	return store.ByID, m.GetUserId()
}

// CredentialPB is c as a message.
func CredentialPB(c *store.Credential) *databasev1.GetCredentialResponse {
	return &databasev1.GetCredentialResponse{User: UserPB(&c.User), PasswordHash: c.PasswordHash, TwoFactor: c.TwoFactor}
}

// Credential is m as a credential.
func Credential(m *databasev1.GetCredentialResponse) *store.Credential {
	c := &store.Credential{PasswordHash: m.GetPasswordHash(), TwoFactor: m.GetTwoFactor()}
	if u := User(m.GetUser()); u != nil {
		c.User = *u
	}
	return c
}
