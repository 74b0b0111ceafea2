package launcher

import (
	"errors"
	"fmt"
	"os/exec"
)

// BrowserCommand returns the command that shows a page in the player's
// browser.
func BrowserCommand(goos, page string) *exec.Cmd {
	switch goos {
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", page) //nolint:gosec // a page of the site, checked by own, or of the launcher
	case "darwin":
		return exec.Command("open", page) //nolint:gosec // a page of the site, checked by own, or of the launcher
	}
	return exec.Command("xdg-open", page) //nolint:gosec // a page of the site, checked by own, or of the launcher
}

// openBrowser shows a page in the player's browser. It does not wait for the
// browser; failed is called if no browser shows the page, perhaps later and from
// another goroutine.
func openBrowser(goos, page string, failed func(error)) {
	cmd := BrowserCommand(goos, page)
	detach(cmd)
	if err := cmd.Start(); err != nil {
		failed(fmt.Errorf("open the browser: %w", err))
		return
	}
	go func() {
		err := cmd.Wait()
		if _, ok := errors.AsType[*exec.ExitError](err); ok {
			failed(fmt.Errorf("open the browser: %s: %w", cmd.Args[0], err))
		}
	}()
}
