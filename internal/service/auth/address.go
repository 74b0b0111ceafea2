package auth

import (
	"net/netip"

	"github.com/waystone-mmo/waystone/internal/errs"
)

// parseAddress reads a client's IP address. One address has one form here: an
// IPv4 address mapped into IPv6 is the IPv4 address, and zones are dropped.
func parseAddress(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, errs.Invalid("address", "must be an IP address")
	}
	return a.Unmap().WithZone(""), nil
}
