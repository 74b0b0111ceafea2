package siteschema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

func names(t *testing.T, tables, columns []string) siteschema.Names {
	t.Helper()
	n, err := siteschema.ParseNames(tables, columns)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEntriesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tables, columns []string
		want            []string
	}{
		{[]string{"users"}, nil, []string{"WEBSITE_TABLES", `"users"`, "user=app_users"}},
		{[]string{"=x"}, nil, []string{`"=x"`, "user=app_users"}},
		{[]string{"users=x"}, nil, []string{`"users"`, "user, session, account"}},
		{[]string{"user="}, nil, []string{`"user="`, "empty"}},
		{[]string{`user="Users"`}, nil, []string{"without"}},
		{[]string{"user=a=b"}, nil, []string{"without"}},
		{[]string{"user=a\x00"}, nil, []string{"printed"}},
		{[]string{"user=" + strings.Repeat("x", 64)}, nil, []string{"63"}},
		{[]string{"user=a", "user=b"}, nil, []string{`"user=b"`, "twice"}},
		{[]string{"user=a", "session=a"}, nil, []string{`"session=a"`, "user already"}},
		{nil, []string{"expiresAt=x"}, []string{"WEBSITE_COLUMNS", "user, session, account or verification"}},
		{nil, []string{"session.expires_at=x"}, []string{`"expires_at"`, "expiresAt"}},
		{nil, []string{"session.expiresAt"}, []string{"session.expiresAt=valid_until"}},
		{nil, []string{"user.name=a", "user.email=a"}, []string{`"user.email=a"`, "user.name already"}},
	} {
		_, err := siteschema.ParseNames(c.tables, c.columns)
		if err == nil {
			t.Errorf("%q, %q are taken", c.tables, c.columns)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q, %q: %q does not say %s", c.tables, c.columns, err, w)
			}
		}
	}
	names(t, []string{"user=a", " session = b c "}, []string{"user.id=x", "session.id=x"})
}

func TestResolve(t *testing.T) {
	t.Parallel()
	account := siteschema.Account()
	for name, c := range map[string]struct {
		columns []string
		have    []string
		want    map[string]string
		missing []string
	}{
		"as it is":   {nil, []string{"id", "userId", "providerId"}, map[string]string{"id": "id", "userId": "userId", "providerId": "providerId"}, nil},
		"snake case": {nil, []string{"id", "user_id", "provider_id"}, map[string]string{"id": "id", "userId": "user_id", "providerId": "provider_id"}, nil},
		"named": {
			[]string{"account.userId=owner"},
			[]string{"id", "owner", "userId", "providerId"},
			map[string]string{"id": "id", "userId": "owner", "providerId": "providerId"}, nil,
		},
		"named but not there": {
			[]string{"account.userId=owner"},
			[]string{"id", "userId", "providerId"},
			map[string]string{"id": "id", "providerId": "providerId"},
			[]string{"userId"},
		},
	} {
		n := names(t, nil, c.columns)
		found, missing := n.Resolve(account, func(s string) bool { return slices.Contains(c.have, s) })
		var lacks []string
		for _, f := range missing {
			lacks = append(lacks, f.Name)
		}
		if d := cmp.Diff(c.want, found); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if d := cmp.Diff(c.missing, lacks); d != "" {
			t.Errorf("%s, missing (-want +got):\n%s", name, d)
		}
	}
}

// Of a plugin, all columns are needed or none.
func TestResolvePlugins(t *testing.T) {
	t.Parallel()
	session := siteschema.Session()
	base := []string{"id", "userId", "token", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent"}
	has := func(s string) bool { return slices.Contains(base, s) }
	if _, missing := names(t, nil, nil).Resolve(session, has); missing != nil {
		t.Errorf("without the plugin: %v is missing", missing)
	}
	if _, missing := names(t, nil, []string{"session.impersonatedBy=by"}).Resolve(session, has); len(missing) != 1 {
		t.Errorf("a named column of a plugin: %v is missing, want impersonatedBy", missing)
	}
}
