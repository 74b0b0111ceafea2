package rediscache_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/rediscache"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	type target = rediscache.Target
	for url, want := range map[string]target{
		"redis://h":                                   {Addrs: []string{"h:6379"}},
		"redis://127.0.0.1:1":                         {Addrs: []string{"127.0.0.1:1"}},
		"redis://[::1]:7000/0":                        {Addrs: []string{"[::1]:7000"}},
		"redis://[::1]/":                              {Addrs: []string{"[::1]:6379"}},
		"rediss://u:p%2F%40@h:6380/15":                {Addrs: []string{"h:6380"}, User: "u", Password: "p/@", DB: 15, TLS: true},
		"redis://:p@h":                                {Addrs: []string{"h:6379"}, Password: "p"},
		"redis-sentinel://a,b:1,[::1]/m":              {Addrs: []string{"a:26379", "b:1", "[::1]:26379"}, Master: "m"},
		"redis-sentinel://u:p@a/m.1_x?db=3":           {Addrs: []string{"a:26379"}, Master: "m.1_x", User: "u", Password: "p", DB: 3},
		"redis-sentinel://a/m?sentinel_password=s%26": {Addrs: []string{"a:26379"}, Master: "m", SentinelPassword: "s&"},
		"rediss-sentinel://a/m?sentinel_user=u&sentinel_password=s": {Addrs: []string{"a:26379"}, Master: "m", SentinelUser: "u", SentinelPassword: "s", TLS: true},
		"redis-cluster://a:1,b:2,c":                                 {Addrs: []string{"a:1", "b:2", "c:6379"}, Cluster: true},
		"rediss-cluster://u:p@a/0":                                  {Addrs: []string{"a:6379"}, User: "u", Password: "p", Cluster: true, TLS: true},
	} {
		got, err := rediscache.ParseTarget(url)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", url, err, diff)
		}
		if err := rediscache.CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestMalformedURLs: each is refused with what is right and what is wrong, and
// without a word of it.
func TestMalformedURLs(t *testing.T) {
	t.Parallel()
	const (
		all      = "redis-cluster://[user:password@]host:port,host:port; or with TLS"
		single   = "must be redis://[user:password@]host:port[/database]: "
		sentinel = "must be redis-sentinel://[user:password@]host:port,host:port/master-name[?db=N]: "
		cluster  = "must be redis-cluster://[user:password@]host:port,host:port: "
	)
	for url, want := range map[string]string{
		"": all, "none": all, "canary:6379": all, "http://canary@h": all, "redis:canary": all, "REDIS://canary": all,
		"redis+sentinel://:canary@h/m": all, "redis+cluster://canary": all, "unix:///canary": all, "valkey://canary": all,

		"redis://": single + "each host", "redis://:6379": single + "each host", "redis://u:canary@": single + "each host",
		"redis://u:canary@h:port": single + "each host", "redis://u:canary@h:0": single + "a port", "redis://canary:65536": single + "a port",
		"redis://canary:": single + "a port", "redis://::1:canary": single + "each host", "redis://u:canary@h:1:2": single + "each host",
		"redis://u:canary@h/one": single + "the database", "redis://u:canary@h/-1": single + "the database", "redis://u:canary@h/1/2": single + "the database",
		"redis://u:canary@h/99999999999": single + "the database",
		"redis://u:can\x7fary@h":         single + "it is no URL", "redis://u:can/ary@h": single + "each host", "redis://u:can%ary@h": single + "it is no URL",
		"redis://canary@h": single + "before the @", "redis://canary:@h": single + "before the @",
		"redis://h?dial_timeout=canary": single + "it takes no options", "redis://h?master_set=canary": single + "it takes no options",
		"redis://a?addr=canary": single + "it takes no options", "redis://h/1#canary": single + "nothing may follow",
		"redis://canary,b": single + "it names one host", "redis://h?%zzcanary": single + "what follows the ?",

		"redis-sentinel://canary": sentinel + "the name", "redis-sentinel://a,canary:1/": sentinel + "the name", "redis-sentinel://a/canary/1": sentinel + "the name",
		"redis-sentinel://a,,b/canary": sentinel + "each host", "redis-sentinel://a/m?db=canary": sentinel + "the database",
		"redis-sentinel://a/m?sentinel_user=canary": sentinel + "sentinel_user needs", "redis-sentinel://a/m?db=1&db=canary": sentinel + "db is given twice",
		"redis-sentinel://a/m?canary=1": sentinel + "the options after the ? are db,",

		"redis-cluster://": cluster + "each host", "redis-cluster://canary/1": cluster + "a cluster has no databases", "redis-cluster://a?db=canary": cluster + "it takes no options",
		"rediss-cluster://canary/1": "must be rediss-cluster://",
	} {
		checked := rediscache.CheckURL(url)
		r, err := rediscache.Open(t.Context(), url, rediscache.Config{Log: quiet})
		if err == nil {
			r.Close()
			t.Errorf("%q was accepted", url)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "ary") {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
		if checked == nil || checked.Error() != err.Error() {
			t.Errorf("%q: the check says %v, Open says %v", url, checked, err)
		}
	}
}
