//go:build unix

package launcher

import (
	"os/exec"
	"syscall"
)

// detach gives the client a session of its own, so that closing the browser or
// the terminal that called the launcher does not end the game.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}
