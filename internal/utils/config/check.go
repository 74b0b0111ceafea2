package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// URL is a check for Check: the text is empty or a URL of one of the schemes,
// with something behind the scheme. Combine with Required to refuse "".
func URL(p *string, schemes ...string) func() error {
	return func() error {
		if *p == "" {
			return nil
		}
		u, err := url.Parse(*p)
		if err != nil || !slices.Contains(schemes, u.Scheme) ||
			u.Host == "" && u.Path == "" && u.Opaque == "" {
			// The parser's own words are left out: they quote the URL.
			return fmt.Errorf("must be a URL that begins with %s", orList(schemes, "://"))
		}
		return nil
	}
}

// Required is a check for Check: the text is not empty.
func Required(p *string) func() error {
	return func() error {
		if strings.TrimSpace(*p) == "" {
			return errors.New("must be set")
		}
		return nil
	}
}

// HostPort is a check for Check: the text is empty or host:port, port 0 to
// 65535. An empty host stands for every address of this machine.
func HostPort(p *string) func() error {
	return func() error {
		if *p == "" || isHostPort(*p) {
			return nil
		}
		return errors.New("must be an address and a port, such as 127.0.0.1:8080")
	}
}

// HostPorts is a check for Check: the text is empty or a list of host:port,
// separated by commas, each with a host and a port from 1 to 65535.
func HostPorts(p *string) func() error {
	return func() error {
		for _, item := range splitList(*p) {
			if !isHostPort(item) || strings.HasPrefix(item, ":") || strings.HasSuffix(item, ":0") {
				return errors.New("must be a list of addresses with ports, such as db1:50052,db2:50052")
			}
		}
		return nil
	}
}

// Address is a check for Check: the text is an IP address to listen on
// (0.0.0.0, 127.0.0.1, ::) or a host name, without a port.
func Address(p *string) func() error {
	return func() error {
		if net.ParseIP(*p) != nil || isHostName(*p) {
			return nil
		}
		return errors.New("must be an address without a port, such as 0.0.0.0 or 127.0.0.1")
	}
}

func isHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host != "" && net.ParseIP(host) == nil && !isHostName(host) {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isHostName accepts what DNS and container networks use: labels of letters,
// digits, "-" and "_", separated by dots, at most 253 characters.
func isHostName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range label {
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
			if !letter && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// orList writes "a, b or c", each with the suffix.
func orList(items []string, suffix string) string {
	var b strings.Builder
	for i, item := range items {
		switch {
		case i == 0:
		case i == len(items)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(item + suffix)
	}
	return b.String()
}
