package launcher

import "os/exec"

// BrowserCommand returns the command that shows a page in the player's
// browser.
func BrowserCommand(goos, page string) *exec.Cmd {
	switch goos {
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", page) //nolint:gosec // a page of the site, checked by own
	case "darwin":
		return exec.Command("open", page) //nolint:gosec // a page of the site, checked by own
	}
	return exec.Command("xdg-open", page) //nolint:gosec // a page of the site, checked by own
}

// openBrowser shows a page when it can; the player can always type its
// address.
func openBrowser(goos, page string) {
	cmd := BrowserCommand(goos, page)
	detach(cmd)
	if cmd.Start() == nil {
		_ = cmd.Process.Release()
	}
}
