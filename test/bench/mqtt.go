package main

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// mqttLoad is how many clients send with how many messages in flight each.
type mqttLoad struct{ clients, window int }

// mqtt measures states by MQTT of quality 1, acknowledged when they are on
// disk, beside mosquitto where there is one, which acknowledges from memory.
func (b *bench) mqtt() error {
	data := filepath.Join(b.dir, "mqtt")
	p, err := b.program(data, "LATCHKEY_MQTT_BROKER=embedded", "LATCHKEY_MQTT_LISTEN=127.0.0.1:0")
	if err != nil {
		return err
	}
	defer p.stop()
	key, err := p.furnish(features)
	if err != nil {
		return err
	}
	ours := *p
	ours.addr = strings.TrimPrefix(p.rig.MQTT, "mqtt://")
	other, err := mosquitto()
	if err != nil {
		b.report.say("mosquitto is not installed; there is nothing to compare with.\n")
	} else {
		defer other.stop()
	}
	b.report.say("Aim: 250 k messages a second with 4 clients of 100 in flight.\n")
	b.report.table("clients x in flight", "mosquitto /s (not on disk)", "latchkey /s", "of mosquitto", "p50 of a window", "server CPU for one")
	for _, l := range []mqttLoad{{1, 1}, {64, 1}, {4, 100}, {16, 100}} {
		var mine, theirs []outcome
		for range b.pairs {
			o, err := b.publish(&ours, key, l)
			if err != nil {
				return fmt.Errorf("%d clients: %w", l.clients, err)
			}
			mine = append(mine, o)
			if other != nil {
				if o, err = b.publish(other, key, l); err != nil {
					return fmt.Errorf("mosquitto with %d clients: %w", l.clients, err)
				}
				theirs = append(theirs, o)
			}
		}
		them, of := "-", "-"
		if other != nil {
			them, of = thousands(rate(theirs)), fmt.Sprintf("%.2f", ratio(mine, theirs))
		}
		b.report.row(fmt.Sprintf("%d x %d", l.clients, l.window), them, thousands(rate(mine)), of, micros(latency(mine, 0.5)), fmt.Sprintf("%.2f us", float64(each(mine))/1e3))
		if l == (mqttLoad{4, 100}) {
			b.report.aim(aim{what: "durable MQTT messages, 4 clients of 100 in flight", wanted: 250_000, unit: "a second", measured: rate(mine)})
		}
	}
	return nil
}

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

func (b *bench) publish(p *process, key string, l mqttLoad) (outcome, error) {
	var mu sync.Mutex
	var all outcome
	var failed error
	var clients sync.WaitGroup
	profiled := p.profile(fmt.Sprintf("mqtt-%dx%d", l.clients, l.window), b.length)
	before, begun := p.cpu(), time.Now()
	for i := range l.clients {
		clients.Go(func() {
			n, latencies, err := publisher{p.addr, key, i, l.window}.run(begun.Add(b.length))
			mu.Lock()
			defer mu.Unlock()
			all.requests += n
			all.latencies = append(all.latencies, latencies...)
			failed = cmp.Or(failed, err)
		})
	}
	clients.Wait()
	all.seconds, all.cpu = time.Since(begun).Seconds(), p.cpu()-before
	return all, cmp.Or(failed, profiled())
}

// publisher is one client of MQTT 3.1.1.
type publisher struct {
	addr, key      string
	number, window int
}

// run keeps window messages under way and tops up whenever acknowledgements
// have come.
func (p publisher) run(end time.Time) (n int, latencies []time.Duration, err error) {
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		return 0, nil, err
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 64<<10)
	if err := connect(c, in, fmt.Sprintf("bench%d", p.number), p.key); err != nil {
		return 0, nil, err
	}
	var out []byte
	sent, id := 0, uint16(0)
	for free := p.window; ; {
		if time.Now().After(end) {
			free = 0
		}
		out = out[:0]
		for range free {
			id++
			if id == 0 {
				id = 1
			}
			out = appendPublish(out, feature((p.number*97+sent)%features), id, sent%50)
			sent++
		}
		begun := time.Now()
		if _, err := c.Write(out); err != nil {
			return n, latencies, err
		}
		if sent == n {
			return n, latencies, nil
		}
		if free, err = acks(in); err != nil {
			return n, latencies, err
		}
		n += free
		latencies = append(latencies, time.Since(begun))
	}
}

// acks reads the acknowledgements that are there, at least one.
func acks(in *bufio.Reader) (n int, err error) {
	for n == 0 || in.Buffered() >= 4 {
		var ack [4]byte
		if _, err := io.ReadFull(in, ack[:]); err != nil {
			return n, err
		}
		if ack[0] != 0x40 || ack[1] != 2 {
			return n, fmt.Errorf("instead of an acknowledgement came %x", ack)
		}
		n++
	}
	return n, nil
}

func connect(c net.Conn, in io.Reader, name, password string) error {
	body := []byte{0, 4, 'M', 'Q', 'T', 'T', 4, 0xc2, 0, 60}
	for _, s := range []string{name, "bench", password} {
		body = append(binary.BigEndian.AppendUint16(body, uint16(len(s))), s...)
	}
	if _, err := c.Write(append(appendLength([]byte{0x10}, len(body)), body...)); err != nil {
		return err
	}
	var answer [4]byte
	if _, err := io.ReadFull(in, answer[:]); err != nil {
		return err
	}
	if answer[3] != 0 {
		return fmt.Errorf("the connection was refused: %d", answer[3])
	}
	return nil
}

func appendPublish(out []byte, feature string, id uint16, value int) []byte {
	topic := "gladys/master/device/bench/feature/" + feature + "/state"
	payload := fmt.Sprintf("%d.5", value)
	out = appendLength(append(out, 0x32), 2+len(topic)+2+len(payload))
	out = append(binary.BigEndian.AppendUint16(out, uint16(len(topic))), topic...)
	return append(binary.BigEndian.AppendUint16(out, id), payload...)
}

func appendLength(out []byte, n int) []byte {
	for ; n > 127; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(out, byte(n))
}
