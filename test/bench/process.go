package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"latchkey/test/rig"
)

// process is a server that is measured.
type process struct {
	addr string
	pid  int
	stop func()
	rig  *rig.Server // nil for the echo

	socket, profiles string // where profiles come from and go to; empty = none
	doing            string // what is measured, for the profile's name
}

// self starts this program again as one of its servers. The child prints its
// address on its first line.
func (b *bench) self(mode string) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, mode)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	stop := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	if err != nil {
		stop()
		return nil, fmt.Errorf("start %s: %w", mode, err)
	}
	return &process{addr: strings.TrimSpace(line), pid: cmd.Process.Pid, stop: stop}, nil
}

// program starts the program on a data folder.
func (b *bench) program(data string, extra ...string) (*process, error) {
	s, err := rig.Start(b.ctx, b.bin, data, append([]string{"LATCHKEY_LIMITS_CONNECTIONS=8192", "LATCHKEY_LIMITS_URL_KEY_RATE=0", "LATCHKEY_LIMITS_VISITOR_RATE=0", "LATCHKEY_DEBUG_PPROF=" + strconv.FormatBool(b.profiles != "")}, extra...)...)
	if err != nil {
		return nil, err
	}
	p := &process{addr: strings.TrimPrefix(s.URL, "http://"), pid: s.PID(), stop: s.Kill, rig: s, doing: b.doing}
	if b.profiles != "" {
		p.socket, p.profiles = filepath.Join(data, "pprof.sock"), b.profiles
	}
	return p, nil
}

// cpu is the processor time that the process has used. The kernel counts in
// hundredths of a second.
func (p *process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is what the process holds in memory, in bytes.
func (p *process) memory() int64 { return p.figure("status", "VmRSS:") * 1024 }

// written is what the process has had written to disks, in bytes.
func (p *process) written() int64 { return p.figure("io", "write_bytes:") }

func (p *process) figure(file, name string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// furnish sets a fresh program up with features bench:0... and an open API key.
func (p *process) furnish(features int) (key string, err error) {
	if p.rig == nil {
		return "", errors.New("not a program")
	}
	if err := p.rig.Setup(); err != nil {
		return "", err
	}
	for first := 0; first < features; first += 200 {
		var names []string
		for i := first; i < min(first+200, features); i++ {
			names = append(names, feature(i))
		}
		if err := p.rig.Device(fmt.Sprintf("bench-%d", first), names...); err != nil {
			return "", err
		}
	}
	return p.rig.Key("bench")
}

func feature(i int) string { return fmt.Sprintf("bench:%d", i) }
