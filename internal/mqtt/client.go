package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"latchkey/home"
)

const (
	// clientSilence is how often, in seconds, broker and client make sure of each other.
	clientSilence = 20
	// clientSession is how long, in seconds, the broker keeps messages for us while we are away.
	clientSession = 24 * 60 * 60
	// ackEvery is how often acknowledgements go out.
	ackEvery = 5 * time.Millisecond
	// answerTime is how long the broker may take to answer.
	answerTime = 10 * time.Second
)

// ClientConfig is what a client is made of.
type ClientConfig struct {
	URL      *url.URL // mqtt://host:port or mqtts://host:port
	User     string
	Password string
	Name     string // the client id; the same one after a restart, so that the broker keeps what we miss
	Status   string // the topic that says whether we are there
	Topics   *Table
	Who      *home.Identity // as whom messages come in
	// Told lists what the broker's clients may read about the house when a
	// connection begins.
	Told func() []News
	// Backoff is how long to wait before the n-th attempt to come back, counted
	// from 0; nil = 1 to 30 s.
	Backoff func(attempt int) time.Duration
	TLS     *tls.Config
	Log     *slog.Logger
}

// News is what a topic now says.
type News struct {
	Topic   string
	Payload []byte
}

// Client speaks to somebody else's broker.
type Client struct {
	config ClientConfig
	log    *slog.Logger
	tell   latest
	seen   seen
	under  chan struct{} // room for messages that wait for the disk

	mu   sync.Mutex
	up   *autopaho.ConnectionManager // nil while there is no connection
	conn net.Conn

	work     sync.WaitGroup
	refusals refusals
	taken    atomic.Int64
	refused  atomic.Int64
	ups      atomic.Int64
}

// NewClient returns a client, which Serve serves.
func NewClient(c ClientConfig) *Client {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Backoff == nil {
		c.Backoff = func(n int) time.Duration { return min(time.Second<<min(n, 10), 30*time.Second) }
	}
	cl := &Client{config: c, log: c.Log, refusals: refusals{log: c.Log}, under: make(chan struct{}, maxOpen)}
	cl.tell.init()
	cl.seen.init()
	return cl
}

// Serve keeps a connection until ctx ends, and returns nil then.
func (c *Client) Serve(ctx context.Context) error {
	user := c.config.URL.User
	config := autopaho.ClientConfig{
		ServerUrls: []*url.URL{c.config.URL}, TlsCfg: c.config.TLS, KeepAlive: clientSilence, SessionExpiryInterval: clientSession,
		ConnectUsername: c.config.User, ConnectPassword: []byte(c.config.Password), ConnectTimeout: answerTime, ReconnectBackoff: c.backoff,
		AttemptConnection: c.dial,
		OnConnectionUp:    func(m *autopaho.ConnectionManager, _ *paho.Connack) { c.connected(ctx, m) },
		OnConnectionDown:  c.lost,
		OnConnectError: func(err error) {
			c.log.Warn("the MQTT broker cannot be reached", "broker", c.config.URL.Host, "error", err)
		},
		ConnectPacketBuilder: func(p *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			most := uint16(maxOpen)
			p.Properties.ReceiveMaximum = &most
			return p, nil
		},
		ClientConfig: paho.ClientConfig{ClientID: c.config.Name, EnableManualAcknowledgment: true, SendAcksInterval: ackEvery, PacketTimeout: answerTime,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){c.receive}},
	}
	if password, ok := user.Password(); c.config.User == "" && user != nil {
		config.ConnectUsername = user.Username()
		if ok {
			config.ConnectPassword = []byte(password)
		}
	}
	if c.config.Status != "" {
		config.WillMessage = &paho.WillMessage{Topic: c.config.Status, Payload: []byte("offline"), QoS: 1, Retain: true}
	}
	inside, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	m, err := autopaho.NewConnection(inside, config)
	if err != nil {
		return fmt.Errorf("set up the MQTT client: %w", err)
	}
	c.work.Go(func() { c.telling(inside) })
	<-ctx.Done()
	c.farewell(m)
	stop()
	<-m.Done()
	c.work.Wait()
	return nil
}

// farewell says that we go: a broker publishes no will for who says goodbye.
func (c *Client) farewell(m *autopaho.ConnectionManager) {
	if c.config.Status == "" || !c.Connected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = m.Publish(ctx, &paho.Publish{Topic: c.config.Status, Payload: []byte("offline"), QoS: 1, Retain: true}) // its will says it otherwise
}

// backoff is how long to wait before an attempt; the very first one comes at once.
func (c *Client) backoff(attempt int) time.Duration {
	if attempt == 0 && c.ups.Load() == 0 {
		return 0
	}
	return c.config.Backoff(attempt)
}

// dial connects, and remembers the connection so that it can be given up.
func (c *Client) dial(ctx context.Context, config autopaho.ClientConfig, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, config.ConnectTimeout)
	defer cancel()
	var conn net.Conn
	var err error
	if d := (&net.Dialer{}); u.Scheme == "mqtts" {
		conn, err = (&tls.Dialer{NetDialer: d, Config: config.TlsCfg}).DialContext(ctx, "tcp", u.Host)
	} else {
		conn, err = d.DialContext(ctx, "tcp", u.Host)
	}
	if err != nil {
		return nil, err
	}
	conn = packets.NewThreadSafeConn(conn)
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
	return conn, nil
}

// connected subscribes, and tells how things are. It is done again with every
// connection: a broker that forgot us gets to know us again.
func (c *Client) connected(ctx context.Context, m *autopaho.ConnectionManager) {
	c.ups.Add(1)
	c.log.Info("connected to the MQTT broker", "broker", c.config.URL.Host)
	c.work.Go(func() {
		subscribe := &paho.Subscribe{}
		for _, f := range c.config.Topics.Filters() {
			subscribe.Subscriptions = append(subscribe.Subscriptions, paho.SubscribeOptions{Topic: f, QoS: 1})
		}
		if _, err := m.Subscribe(ctx, subscribe); err != nil {
			if ctx.Err() == nil {
				c.log.Error("the MQTT broker refuses what we subscribe to", "broker", c.config.URL.Host, "error", err)
				c.giveUp()
			}
			return
		}
		c.mu.Lock()
		c.up = m
		c.mu.Unlock()
		if c.config.Status != "" {
			c.tell.put(news{topic: c.config.Status, payload: []byte("online")})
		}
		for _, n := range c.config.Told() {
			c.tell.put(news{topic: n.Topic, payload: n.Payload})
		}
	})
}

func (c *Client) lost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.up = nil
	return true
}

// giveUp drops the connection. The broker sends again what was not acknowledged.
func (c *Client) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		_ = c.conn.Close()
	}
}

// Connected reports whether there is a connection that messages come through.
func (c *Client) Connected() bool { return c.manager() != nil }

func (c *Client) manager() *autopaho.ConnectionManager {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.up
}

// Publish sends a message and returns when the broker has it. It returns
// Unavailable (broker_away) when there is no connection.
func (c *Client) Publish(ctx context.Context, topic string, payload []byte) error {
	m := c.manager()
	away := home.Errorf(home.Unavailable, "the MQTT broker cannot be reached").Because("broker_away")
	if m == nil {
		return away
	}
	life := uint32(CommandTime / time.Second)
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if _, err := m.Publish(ctx, &paho.Publish{Topic: topic, Payload: payload, QoS: 1, Properties: &paho.PublishProperties{MessageExpiry: &life}}); err != nil {
		away.Cause = err
		return away
	}
	return nil
}

// Tell tells the broker's clients what a topic now says. It returns at once; of
// news that pile up on one topic only the last is told.
func (c *Client) Tell(topic string, payload []byte) {
	if c.Connected() {
		c.tell.put(news{topic: topic, payload: payload})
	}
}

func (c *Client) telling(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.tell.wake:
		}
		for _, n := range c.tell.take() {
			m := c.manager()
			if m == nil {
				break // the next connection begins with how things are
			}
			_, err := m.Publish(ctx, &paho.Publish{Topic: n.topic, Payload: n.payload, Retain: true})
			if err != nil && ctx.Err() == nil && !errors.Is(err, autopaho.ConnectionDownError) {
				c.log.Warn("the MQTT broker was not told", "topic", n.topic, "error", err)
			}
		}
	}
}

// Stats returns the counts.
func (c *Client) Stats() Stats {
	s := Stats{Taken: c.taken.Load(), Refused: c.refused.Load(), Connections: c.ups.Load()}
	if c.Connected() {
		s.Clients = 1
	}
	return s
}
