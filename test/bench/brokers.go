package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"strings"
	"time"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// broker is one that messages are sent to.
type broker struct {
	name    string
	process *process
}

type brokers []broker

func (b brokers) stop() {
	for _, one := range b {
		one.process.stop()
	}
}

// brokers starts what the program is compared with: mosquitto, where there is
// one, and the program's own MQTT library with nothing behind it.
func (b *bench) brokers() (brokers, error) {
	bare, err := b.self("broker")
	if err != nil {
		return nil, err
	}
	out := brokers{{"bare", bare}}
	other, err := mosquitto()
	if err != nil {
		b.report.say("mosquitto is not installed; there is only the bare broker to compare with.\n")
		return out, nil
	}
	return append(out, broker{"mosquitto", other}), nil
}

// overMQTT is p as a server of MQTT.
func (p *process) overMQTT() *process {
	out := *p
	out.addr = strings.TrimPrefix(p.rig.MQTT, "mqtt://")
	return &out
}

// serveBroker is the ceiling over MQTT: the library alone. It acknowledges
// from memory and lets everybody do everything.
func serveBroker() error {
	s := mqtt.New(&mqtt.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := s.AddHook(new(everybody), nil); err != nil {
		return err
	}
	l := listeners.NewTCP(listeners.Config{ID: "bench", Address: "127.0.0.1:0"})
	if err := s.AddListener(l); err != nil {
		return err
	}
	if err := s.Serve(); err != nil {
		return err
	}
	fmt.Println(l.Address())
	select {} // whoever started this ends it
}

// everybody lets each client do everything.
type everybody struct{ mqtt.HookBase }

// Provides implements mqtt.Hook.
func (*everybody) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}

// OnConnectAuthenticate implements mqtt.Hook.
func (*everybody) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

// OnACLCheck implements mqtt.Hook.
func (*everybody) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// mosquitto starts that broker on a port of its own.
func mosquitto() (*process, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String()
	if err := ln.Close(); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("mosquitto", "-p", port)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{addr: addr, pid: cmd.Process.Pid, stop: func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }}
	for range 100 {
		if c, err := net.Dial("tcp", addr); err == nil {
			return p, c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.stop()
	return nil, errors.New("mosquitto does not answer")
}
