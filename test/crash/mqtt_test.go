//go:build crash

package crash

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/test/rig"
)

// mqttClients and mqttWindow: how many clients send with how many messages of
// quality 1 in flight each.
const mqttClients, mqttWindow = 4, 100

// TestKillMQTT ends the program while clients have messages of quality 1 in
// flight. Whatever was acknowledged has to be there afterwards.
func TestKillMQTT(t *testing.T) {
	program := bin(t)
	random := rand.New(rand.NewPCG(*seed, 3))
	total := 0
	for c := range *cycles {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			data := t.TempDir()
			s := start(t, program, data, brokerOn()...)
			l := prepare(t, s, 1)
			during(t, time.Duration(50+random.IntN(800))*time.Millisecond, func(ctx context.Context) { sending(ctx, s, l) }, s.Kill)
			if len(l.other) > 0 {
				t.Errorf("answers besides acknowledgements: %s", l.other[0])
			}
			total += l.count()
			if lost, twice := again(t, program, data, l, s.Token); lost+twice > 0 {
				t.Errorf("%d acknowledged states are lost, %d are there twice", lost, twice)
			}
		})
	}
	if total == 0 {
		t.Error("nothing was ever acknowledged: the rig does not load")
	}
	t.Logf("%d acknowledged messages over %d kills", total, *cycles)
}

// TestPowerCutMQTT cuts the power while messages of quality 1 are in flight.
func TestPowerCutMQTT(t *testing.T) {
	program := bin(t)
	random := rand.New(rand.NewPCG(*seed, 4))
	total, lost := 0, 0
	for c := range *cycles {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			n, gone := cut(t, program, work{cycle: 1, length: time.Duration(50+random.IntN(500)) * time.Millisecond, settings: brokerOn(), run: sending})
			total += n
			lost += gone
			if gone > 0 {
				t.Errorf("%d of %d acknowledged messages are lost", gone, n)
			}
		})
	}
	if total == 0 {
		t.Error("nothing was ever acknowledged: the rig does not load")
	}
	t.Logf("%d acknowledged messages over %d power cuts, %d lost", total, *cycles, lost)
}

// brokerOn are the settings that switch the program's own broker on.
func brokerOn() []string {
	return []string{"LATCHKEY_MQTT_BROKER=embedded", "LATCHKEY_MQTT_LISTEN=127.0.0.1:0"}
}

// sending is work over MQTT: it ends with the program.
func sending(_ context.Context, s *rig.Server, l *load) {
	var clients sync.WaitGroup
	for w := range mqttClients {
		clients.Go(func() { l.send(strings.TrimPrefix(s.MQTT, "mqtt://"), w) })
	}
	clients.Wait()
}

// send publishes to one writer's feature until the connection ends, and notes
// what was acknowledged.
func (l *load) send(addr string, writer int) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		l.note("connect: " + err.Error())
		return
	}
	defer c.Close()
	in := bufio.NewReader(c)
	if err := l.hello(c, in, writer); err != nil {
		l.note("connect: " + err.Error())
		return
	}
	inFlight := map[uint16]float64{}
	for id := uint16(0); ; {
		var out []byte
		for len(inFlight) < mqttWindow {
			if id++; id == 0 {
				id = 1
			}
			v := l.value()
			inFlight[id] = v
			out = append(out, message(feature(writer), id, v)...)
		}
		if _, err := c.Write(out); err != nil {
			return
		}
		for first := true; first || in.Buffered() >= 4; first = false {
			var ack [4]byte
			if _, err := io.ReadFull(in, ack[:]); err != nil {
				return
			}
			n := binary.BigEndian.Uint16(ack[2:])
			v, ok := inFlight[n]
			if ack[0] != 0x40 || ack[1] != 2 || !ok {
				l.note(fmt.Sprintf("%x", ack))
				return
			}
			delete(inFlight, n)
			l.mu.Lock()
			l.acked[feature(writer)] = append(l.acked[feature(writer)], v)
			l.mu.Unlock()
		}
	}
}

func (l *load) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.other = append(l.other, what)
}

func (l *load) hello(c net.Conn, in io.Reader, writer int) error {
	body := []byte{0, 4, 'M', 'Q', 'T', 'T', 4, 0xc2, 0, 60} // version 3.1.1, clean, with user and password
	for _, s := range []string{fmt.Sprint("rig", writer), "rig", l.key} {
		body = append(binary.BigEndian.AppendUint16(body, uint16(len(s))), s...)
	}
	if _, err := c.Write(packet(0x10, body)); err != nil {
		return err
	}
	var answer [4]byte
	if _, err := io.ReadFull(in, answer[:]); err != nil {
		return err
	}
	if answer[3] != 0 {
		return fmt.Errorf("refused with %d", answer[3])
	}
	return nil
}

func message(feature string, id uint16, value float64) []byte {
	topic := "gladys/master/device/rig/feature/" + feature + "/state"
	body := append(binary.BigEndian.AppendUint16(nil, uint16(len(topic))), topic...)
	return packet(0x32, fmt.Append(binary.BigEndian.AppendUint16(body, id), value))
}

func packet(kind byte, body []byte) []byte {
	out := []byte{kind}
	n := len(body)
	for ; n > 127; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(append(out, byte(n)), body...)
}
