package launcher

import (
	"os/exec"
	"syscall"
)

// detach gives the client a process group of its own, so that ending the
// launcher does not end the game.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
