package main

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	fireRuns   = 1000
	fireScenes = 1000
	// fireInRow is how often one scene is triggered: the program lets a scene
	// run 20 times a minute. Then it is made anew.
	fireInRow = 20
	// firePause lets what a run leaves behind come to its end.
	firePause = 4 * time.Millisecond
	commanded = "gladys/device/fire/feature/fire:lamp/state"
)

// fire measures from a message in to the command out: a state comes in, a scene
// hears it and commands a device that listens by MQTT.
func (b *bench) fire() error {
	floors, err := b.brokers()
	if err != nil {
		return err
	}
	defer floors.stop()
	var lines []*line
	defer func() {
		for _, l := range lines {
			l.close()
		}
	}()
	for _, f := range floors {
		l := &line{name: f.name + ", passing on", topic: commanded}
		lines = append(lines, l)
		if err := l.open(f.process.addr, "none"); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	for _, scenes := range []int{1, fireScenes} {
		p, err := b.program(filepath.Join(b.dir, fmt.Sprintf("fire-%d", scenes)), "LATCHKEY_MQTT_BROKER=embedded", "LATCHKEY_MQTT_LISTEN=127.0.0.1:0")
		if err != nil {
			return err
		}
		defer p.stop()
		l := &line{name: fmt.Sprintf("latchkey, scenes loaded: %d", scenes), house: p}
		lines = append(lines, l)
		if err := l.furnish(scenes); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	disk, err := os.Create(filepath.Join(b.dir, "fire"))
	if err != nil {
		return err
	}
	defer disk.Close()
	var synced []time.Duration
	for range b.pairs {
		for _, l := range lines {
			if err := l.runs(fireRuns / b.pairs); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
		if synced, err = threeWrites(disk, fireRuns/b.pairs, synced); err != nil {
			return err
		}
	}
	b.reportFire(lines, synced)
	return nil
}

// threeWrites appends what three synced writes to a file take, n times, to
// took. The file does not grow, as the program's log does not after a while.
func threeWrites(f *os.File, n int, took []time.Duration) ([]time.Duration, error) {
	block := make([]byte, 4096)
	for range n {
		time.Sleep(firePause)
		begun := time.Now()
		for i := range 3 {
			if _, err := f.WriteAt(block, int64(i*len(block))); err != nil {
				return took, err
			}
			if err := f.Sync(); err != nil {
				return took, err
			}
		}
		took = append(took, time.Since(begun))
	}
	return took, nil
}

func (b *bench) reportFire(lines []*line, synced []time.Duration) {
	b.report.say("One after another, %d each: a state comes in by MQTT (quality 1), a scene hears it and commands a device, whose command a subscriber gets. "+
		"The first rows only pass the message on to a subscriber. The program's own way holds three synced writes: the state, the run's beginning and the command's event; nothing is told before it is on disk. "+
		"A scene that has run %d times is made anew, since it may not run more often in a minute.\n", fireRuns, fireInRow)
	b.report.table("through", "p50", "p99", "p50 of the fastest broker's", "p99 of its")
	floor := lines[0]
	for _, l := range lines[1:] {
		if l.house == nil && percentile(l.took, 0.5) < percentile(floor.took, 0.5) {
			floor = l
		}
	}
	low, high := percentile(floor.took, 0.5), percentile(floor.took, 0.99)
	for _, l := range lines {
		p50, p99 := percentile(l.took, 0.5), percentile(l.took, 0.99)
		b.report.row(l.name, micros(p50), micros(p99), fmt.Sprintf("%.1f", float64(p50)/float64(low)), fmt.Sprintf("%.1f", float64(p99)/float64(high)))
	}
	b.report.row("three synced writes of 4,096 bytes, nothing else", micros(percentile(synced, 0.5)), micros(percentile(synced, 0.99)),
		fmt.Sprintf("%.1f", float64(percentile(synced, 0.5))/float64(low)), fmt.Sprintf("%.1f", float64(percentile(synced, 0.99))/float64(high)))
	last := lines[len(lines)-1]
	b.report.aim(aim{what: fmt.Sprintf("a message in to a command out with %d scenes, of a broker's passing on", fireScenes), wanted: 1.6, most: true,
		measured: float64(percentile(last.took, 0.5)) / float64(low),
		why:      "the aim is for a rule that fires before anything is kept; here the state, the run's beginning and the command's event are each synced to the disk first, one after the other: see what three such writes alone take"})
	b.report.aim(aim{what: fmt.Sprintf("p50 with %d scenes, of that with one", fireScenes), wanted: 1.1, most: true,
		measured: float64(percentile(last.took, 0.5)) / float64(percentile(lines[len(lines)-2].took, 0.5))})
}

// line is one way from a message to a command.
type line struct {
	name, topic string
	house       *process // nil for a broker alone
	scene       string   // id of the one that is fired
	left        int      // how often it still may
	in, out     net.Conn
	acks, come  *bufio.Reader
	took        []time.Duration
	id          uint16
}

// open connects a publisher, and a subscriber to the command.
func (l *line) open(addr, key string) (err error) {
	for _, c := range []struct {
		name string
		conn *net.Conn
		read **bufio.Reader
	}{{"fire-in", &l.in, &l.acks}, {"fire-out", &l.out, &l.come}} {
		if *c.conn, err = net.Dial("tcp", addr); err != nil {
			return err
		}
		*c.read = bufio.NewReader(*c.conn)
		if err := connect(*c.conn, *c.read, c.name, key); err != nil {
			return err
		}
	}
	body := binary.BigEndian.AppendUint16([]byte{0, 1}, uint16(len(commanded)))
	body = append(append(body, commanded...), 0)
	if _, err := l.out.Write(append(appendLength([]byte{0x82}, len(body)), body...)); err != nil {
		return err
	}
	kind, got, err := packet(l.come)
	if err != nil || kind != 0x90 || len(got) != 3 || got[2] > 2 {
		return fmt.Errorf("the subscription was answered %x %x, %v", kind, got, err)
	}
	return nil
}

func (l *line) close() {
	for _, c := range []net.Conn{l.in, l.out} {
		if c != nil {
			_ = c.Close()
		}
	}
}

// furnish makes features that tell, a lamp that is commanded, and scenes on all
// features but the one that is measured.
func (l *line) furnish(scenes int) error {
	p := l.house
	key, err := p.furnish(features)
	if err != nil {
		return err
	}
	lamp := map[string]any{"external_id": "fire:lamp", "name": "lamp", "category": "light", "type": "binary"}
	if err := p.rig.Do("POST", "/devices", map[string]any{"name": "fire", "external_id": "fire", "driver": "mqtt", "features": []any{lamp}}, nil); err != nil {
		return err
	}
	l.topic = "gladys/master/device/bench/feature/" + feature(0) + "/state"
	for i := 1; i < scenes; i++ {
		if _, err := l.newScene(i); err != nil {
			return err
		}
	}
	return l.open(p.overMQTT().addr, key)
}

func (l *line) newScene(nth int) (id string, err error) {
	var got struct {
		ID string `json:"id"`
	}
	err = l.house.rig.Do("POST", "/scenes", map[string]any{"name": feature(nth), "enabled": true,
		"triggers": []any{map[string]any{"type": "state", "feature": feature(nth), "operator": ">=", "value": 0, "repeat": true}},
		"steps":    []any{map[string]any{"action": "device.command", "args": map[string]any{"feature": "fire:lamp", "value": 1}}}}, &got)
	return got.ID, err
}

// runs goes the way n times, one after another.
func (l *line) runs(n int) error {
	for range n {
		if err := l.renew(); err != nil {
			return err
		}
		time.Sleep(firePause)
		l.id++
		begun := time.Now()
		if err := l.out.SetReadDeadline(begun.Add(10 * time.Second)); err != nil {
			return err
		}
		if _, err := l.in.Write(appendMessage(nil, l.topic, l.id, "1")); err != nil {
			return err
		}
		kind, _, err := packet(l.come)
		l.took = append(l.took, time.Since(begun))
		if err != nil || kind&0xf0 != 0x30 {
			return fmt.Errorf("instead of a command came %x: %w", kind, cmp.Or(err, io.ErrNoProgress))
		}
		if _, err := acks(l.acks); err != nil {
			return err
		}
	}
	return nil
}

// renew puts a new scene in the place of one that has run as often as it may.
func (l *line) renew() error {
	if l.left--; l.left >= 0 || l.house == nil {
		return nil
	}
	if l.scene != "" {
		if err := l.house.rig.Do("DELETE", "/scenes/"+l.scene, nil, nil); err != nil {
			return err
		}
	}
	var err error
	l.scene, err = l.newScene(0)
	l.left = fireInRow - 1
	return err
}

// packet reads one packet of MQTT.
func packet(in *bufio.Reader) (kind byte, body []byte, err error) {
	if kind, err = in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return kind, nil, err
	}
	body = make([]byte, n)
	_, err = io.ReadFull(in, body)
	return kind, body, err
}
