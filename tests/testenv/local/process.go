package local

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one run of a server's executable.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once it has been waited for
}

// launch starts an executable with its output in the directory's log.
// Orphaned is the signal that it gets should its owner be killed.
func launch(path string, args []string, dir *directory, orphaned syscall.Signal) (*process, error) {
	cmd := command(path, args, dir, orphaned)
	log, err := os.OpenFile(filepath.Join(dir.path, logName), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, dir.explain(err)
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // the state is kept in cmd and read by outcome
	}()
	return p, nil
}

// command prepares an executable to run as the directory's user, in a process
// group of its own so that a Ctrl-C at the terminal reaches the owner first,
// and with nothing of the owner's environment.
func command(path string, args []string, dir *directory, orphaned syscall.Signal) *exec.Cmd {
	cmd := exec.Command(path, args...) //nolint:gosec // paths found by this package, settings of tests
	cmd.Dir = dir.path
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir.path, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr, orphaned)
	if dir.user != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(dir.user.uid), Gid: uint32(dir.user.gid)} //nolint:gosec // as the system's own tables have them
	}
	return cmd
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// outcome says how a process that is gone ended.
func (p *process) outcome() string { return p.cmd.ProcessState.String() }

func (p *process) signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// killAll kills a process and its children and returns when all are dead.
// PostgreSQL's workers are groups of their own, so a signal to the parent's
// group would leave them at work.
func killAll(p *process) error {
	pids, err := suspend(p.pid())
	if err != nil { // it died meanwhile, or there is no /proc: at least the parent goes
		pids = []int{p.pid()}
	}
	if p.gone() {
		return nil
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is fine
	}
	<-p.exited
	deadline := time.Now().Add(stopWithin)
	for _, pid := range pids[:len(pids)-1] {
		for alive(pid) { // they are nobody's children now: no wait to wait on
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d, a worker of %d, outlived SIGKILL by %s", pid, p.pid(), stopWithin)
			}
			time.Sleep(time.Millisecond) //nolint:forbidigo // the process of another parent can only be polled
		}
	}
	return nil
}

// suspend stops a process, which then cannot make more children, and those it
// has. It returns all ids, the parent's last; also beside an error.
func suspend(pid int) ([]int, error) {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return []int{pid}, err
	}
	deadline := time.Now().Add(stopWithin)
	for {
		state, _, err := stat(pid)
		if err != nil {
			return []int{pid}, err
		}
		if state == 'T' || state == 't' {
			break
		}
		if time.Now().After(deadline) {
			return []int{pid}, fmt.Errorf("process %d is in state %c %s after SIGSTOP", pid, state, stopWithin)
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // nobody is told when a process has stopped
	}
	pids, err := children(pid)
	for _, child := range pids {
		if e := syscall.Kill(child, syscall.SIGSTOP); e != nil && !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, e)
		}
	}
	return append(pids, pid), err
}

// wake continues processes in the order given, so that a parent that comes
// last finds its children at work.
func wake(pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGCONT) // gone already is fine
	}
}

// alive reports whether a process still runs; one that is dead but not yet
// collected does not.
func alive(pid int) bool {
	state, _, err := stat(pid)
	return err == nil && state != 'Z' && state != 'X'
}

// children lists the direct children of a process.
func children(parent int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("find the workers of process %d: %w", parent, err)
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if _, ppid, err := stat(pid); err == nil && ppid == parent {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}

// stat reads state and parent from /proc/PID/stat. The second field is the
// command in parentheses and may hold anything, hence the last one counts.
func stat(pid int) (state byte, ppid int, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	text := string(b)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, 0, fmt.Errorf("/proc/%d/stat: unexpected form", pid)
	}
	ppid, err = strconv.Atoi(fields[1])
	return fields[0][0], ppid, err
}
