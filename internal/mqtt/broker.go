package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"latchkey/home"
)

// MaxPacket is how many bytes a packet may have.
const MaxPacket = 64 << 10

const (
	// maxClients is how many clients may be connected.
	maxClients = 512
	// maxUnder is how many messages of all clients may wait for the disk: half of
	// what the house takes on, so that clients of MQTT crowd nobody out.
	maxUnder = 2048
	// maxStored is how many messages wait for one client.
	maxStored = 1024
	// sessionTime is how long a session outlives its connection.
	sessionTime = 7 * 24 * time.Hour
	// CommandTime is how long a message may wait for its client: a door is not
	// unlocked an hour late.
	CommandTime = time.Minute
	// firstPacket is how long a client may take to say who it is.
	firstPacket = 5 * time.Second
)

// House is what a broker asks about who connects and what they may see.
type House interface {
	// Identify says who shows a secret. Errors: Unauthorized, NotFound.
	Identify(ctx context.Context, user, secret, remote string) (*home.Identity, error)
	// Renew says whether what id was made from still holds, and brings id up to
	// date. Holds does it for a client that is away.
	Renew(id *home.Identity) error
	Holds(id *home.Identity) error
	// Reads reports whether id may read what is published to topic.
	Reads(id *home.Identity, topic string) bool
	// Told lists the topics whose last message id may see at any time.
	Told(id *home.Identity) []string
	// Now returns the last message of such a topic, if there is one for id.
	Now(id *home.Identity, topic string) ([]byte, bool)
}

// Config is what a broker is made of.
type Config struct {
	House  House
	Topics *Table
	// Readable are the filters of what is published; whatever else is subscribed
	// to is refused.
	Readable []string
	// Status is the topic where the broker says that it stops; "" = none.
	Status string
	Log    *slog.Logger
}

// Broker serves clients of MQTT 3.1.1 and 5. What they publish goes to the
// handlers of its topics and nowhere else; each house hears only its own.
type Broker struct {
	config Config
	log    *slog.Logger
	server *mqtt.Server
	under  chan struct{} // room for messages that wait for the disk
	tell   telling
	conns  sync.WaitGroup

	refusals refusals

	stopping atomic.Bool
	open     atomic.Int64
	taken    atomic.Int64
	refused  atomic.Int64
}

// NewBroker returns a broker, which Serve serves.
func NewBroker(c Config) (*Broker, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	limits := mqtt.NewDefaultServerCapabilities()
	limits.MaximumClients, limits.MaximumPacketSize = maxClients, MaxPacket
	limits.MaximumClientWritesPending, limits.MaximumInflight, limits.ReceiveMaximum = maxStored, maxStored, maxOpen
	limits.MaximumSessionExpiryInterval = uint32(sessionTime / time.Second)
	limits.MaximumMessageExpiryInterval = int64(CommandTime / time.Second)
	limits.TopicAliasMaximum, limits.SharedSubAvailable = 64, 0
	limits.Compatibilities.NoInheritedPropertiesOnAck = true
	b := &Broker{config: c, log: c.Log, refusals: refusals{log: c.Log}, under: make(chan struct{}, maxUnder)}
	b.server = mqtt.New(&mqtt.Options{Capabilities: limits, InlineClient: true, ClientNetReadBufferSize: 16 << 10,
		SysTopicResendInterval: math.MaxInt32, Logger: slog.New(slog.DiscardHandler)}) // its log shows passwords
	b.tell.init()
	if err := b.server.AddHook(&hook{broker: b}, nil); err != nil {
		return nil, fmt.Errorf("set up the broker: %w", err)
	}
	return b, nil
}

// Serve serves clients on ln until ctx ends; then it tells them so and returns
// nil. It serves once.
func (b *Broker) Serve(ctx context.Context, ln net.Listener) error {
	if err := b.server.Serve(); err != nil {
		return errors.Join(fmt.Errorf("start the broker: %w", err), ln.Close())
	}
	inside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() { b.watch(inside) })
	work.Go(func() { b.telling(inside) })
	stopAccept := context.AfterFunc(ctx, func() { _ = ln.Close() }) // closing it is what ends accept
	err := b.accept(ctx, ln)
	stopAccept()
	b.stopping.Store(true)
	b.farewell()
	stop()
	work.Wait()
	b.conns.Wait()
	closed := b.server.Close()
	if ctx.Err() != nil {
		return closed
	}
	return errors.Join(err, closed)
}

func (b *Broker) accept(ctx context.Context, ln net.Listener) error {
	for pause := 5 * time.Millisecond; ; {
		c, err := ln.Accept()
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			if c != nil {
				_ = c.Close()
			}
			return err
		}
		if err != nil { // such as too many open files: it passes
			b.log.Warn("no MQTT connection could be taken", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 5 * time.Millisecond
		if b.open.Load() >= 2*maxClients {
			_ = c.Close()
			continue
		}
		b.open.Add(1)
		b.conns.Go(func() { b.serve(newConn(c)) })
	}
}

// serve serves one connection to its end.
func (b *Broker) serve(c *conn) {
	defer b.open.Add(-1)
	var sending sync.WaitGroup
	sending.Go(c.send)
	_ = c.SetDeadline(time.Now().Add(firstPacket)) // one that is gone fails the read
	err := b.server.EstablishConnection("mqtt", c)
	s := c.session.Load()
	if s != nil {
		s.end()
		b.log.Debug("an MQTT client has left", "client", s.name, "error", err)
	}
	_ = c.Close() // never fails
	sending.Wait()
}

// farewell says that the broker stops and ends all connections.
func (b *Broker) farewell() {
	for _, cl := range b.server.Clients.GetAll() {
		if s := sessionOf(cl); s != nil && !cl.Closed() {
			if b.config.Status != "" && s.subscribed(b.config.Status) {
				b.send(s, b.config.Status, []byte("offline"))
			}
			_ = b.server.DisconnectClient(cl, packets.ErrServerShuttingDown) // it says what it was told to
		}
	}
}

// Publish sends a message to who subscribed to the topic in the house and may
// read it. It returns Unavailable (nobody_listens) when no such client is
// connected.
func (b *Broker) Publish(house home.ID, topic string, payload []byte) error {
	full := inHouse(house, topic)
	heard := false
	for id := range b.server.Topics.Subscribers(full).Subscriptions {
		if cl, ok := b.server.Clients.Get(id); ok && !cl.Closed() {
			if s := sessionOf(cl); s != nil && b.reads(s, topic) {
				heard = true
				break
			}
		}
	}
	if !heard {
		return home.Errorf(home.Unavailable, "no MQTT client listens to %s", topic).Because("nobody_listens")
	}
	if err := b.server.Publish(full, payload, false, 1); err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}

// Readers returns how many subscriptions there are; with none there is nobody
// to tell anything.
func (b *Broker) Readers() int64 { return atomic.LoadInt64(&b.server.Info.Subscriptions) }

// Stats are a broker's counts.
type Stats struct {
	Clients, Subscriptions int64 // now
	Taken, Refused         int64 // messages since the start
	Connections            int64 // made since the start
}

// Stats returns the counts.
func (b *Broker) Stats() Stats {
	return Stats{Clients: atomic.LoadInt64(&b.server.Info.ClientsConnected), Subscriptions: b.Readers(), Taken: b.taken.Load(), Refused: b.refused.Load()}
}

// inHouse is a topic or filter as the broker keeps it: each house has a tree of
// its own, so that nothing crosses over.
func inHouse(house home.ID, topic string) string { return string(house) + "/" + topic }
