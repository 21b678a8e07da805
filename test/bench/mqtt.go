package main

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"time"
)

// mqttLoad is how many clients send with how many messages in flight each.
type mqttLoad struct{ clients, window int }

// mqtt measures states by MQTT of quality 1, acknowledged when they are on
// disk, beside brokers that acknowledge from memory.
func (b *bench) mqtt() error {
	p, err := b.program(filepath.Join(b.dir, "mqtt"), "LATCHKEY_MQTT_BROKER=embedded", "LATCHKEY_MQTT_LISTEN=127.0.0.1:0")
	if err != nil {
		return err
	}
	defer p.stop()
	key, err := p.furnish(features)
	if err != nil {
		return err
	}
	brokers, err := b.brokers()
	if err != nil {
		return err
	}
	defer brokers.stop()
	all := append(brokers, broker{"latchkey", p.overMQTT()})
	b.report.say("Aim: 250 k messages a second with 4 clients of 100 in flight. The bare broker is the program's MQTT library with nothing behind it.\n")
	b.report.table("clients x in flight", "mosquitto /s (not on disk)", "bare broker /s (not on disk)", "latchkey /s", "of mosquitto", "of the bare broker", "p50 of a window", "server CPU for one")
	for _, l := range []mqttLoad{{1, 1}, {64, 1}, {4, 100}, {16, 100}} {
		out, err := b.publishRounds(all, key, l)
		if err != nil {
			return err
		}
		mine := out["latchkey"]
		b.report.row(fmt.Sprintf("%d x %d", l.clients, l.window), ratesOf(out["mosquitto"]), ratesOf(out["bare"]), ratesOf(mine), shareOf(mine, out["mosquitto"]), shareOf(mine, out["bare"]),
			micros(latency(mine, 0.5)), fmt.Sprintf("%.2f us", float64(each(mine))/1e3))
		if l == (mqttLoad{4, 100}) {
			b.report.aim(aim{what: "durable MQTT messages, 4 clients of 100 in flight", wanted: 250_000, unit: "a second", measured: rate(mine),
				why: "an absolute figure, and more than the library alone reaches beside the load generator: see the bare broker"})
		}
	}
	return nil
}

// publishRounds loads each broker in turn, so often, and returns what each did.
func (b *bench) publishRounds(all brokers, key string, l mqttLoad) (map[string][]outcome, error) {
	out := map[string][]outcome{}
	for range b.pairs {
		for _, one := range all {
			o, err := b.publish(one.process, key, l)
			if err != nil {
				return nil, fmt.Errorf("%s with %d clients: %w", one.name, l.clients, err)
			}
			out[one.name] = append(out[one.name], o)
		}
	}
	return out, nil
}

// ratesOf and shareOf write a rate and a ratio, or - where nothing was measured.
func ratesOf(o []outcome) string {
	if len(o) == 0 {
		return "-"
	}
	return thousands(rate(o))
}

func shareOf(a, b []outcome) string {
	if len(b) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", ratio(a, b))
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
	return appendMessage(out, "gladys/master/device/bench/feature/"+feature+"/state", id, fmt.Sprintf("%d.5", value))
}

// appendMessage appends a message of quality 1.
func appendMessage(out []byte, topic string, id uint16, payload string) []byte {
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
