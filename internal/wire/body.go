package wire

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"latchkey/home"
)

// Deadlines of one request.
const (
	HeaderTimeout = 5 * time.Second
	ReadTimeout   = 15 * time.Second
	WriteTimeout  = 30 * time.Second
	UploadTimeout = 5 * time.Minute
)

// uploadFloor is the slowest that an upload may come, in bytes a second.
const uploadFloor = 1 << 10

// bodyReader gives at most left bytes of a body and says plainly why it ends.
type bodyReader struct {
	src    io.ReadCloser
	x      *exchange
	limit  int64
	got    int64
	upload bool
}

// Read implements io.Reader. It returns *home.Error for a body that is too
// large, too slow or cut off.
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.got > b.limit {
		return 0, tooLarge(b.limit)
	}
	if int64(len(p)) > b.limit-b.got+1 {
		p = p[:b.limit-b.got+1]
	}
	if b.upload {
		if err := b.pace(); err != nil {
			return 0, err
		}
	}
	n, err := b.src.Read(p)
	b.got += int64(n)
	if b.got > b.limit {
		b.x.Header().Set("Connection", "close")
		return n - 1, tooLarge(b.limit)
	}
	return n, bodyError(err)
}

// Close implements io.Closer.
func (b *bodyReader) Close() error { return b.src.Close() }

// pace gives an upload that keeps coming more time, up to UploadTimeout.
func (b *bodyReader) pace() error {
	now := b.x.srv.Clock()
	spent := now.Sub(b.x.began)
	if spent > ReadTimeout && b.got < int64(spent/time.Second)*uploadFloor {
		return home.Errorf(home.Invalid, "the upload comes too slowly: %d bytes in %s, the least is %d a second", b.got, spent.Round(time.Second), uploadFloor).Because(ReasonSlowBody)
	}
	until := now.Add(ReadTimeout)
	if last := b.x.began.Add(UploadTimeout); until.After(last) {
		until = last
	}
	_ = http.NewResponseController(b.x.ResponseWriter).SetReadDeadline(until)
	return nil
}

func tooLarge(limit int64) *home.Error {
	return home.Errorf(home.TooLarge, "the body is larger than the %d bytes that this route takes", limit).Because("body_too_large")
}

// bodyError dresses what reading a body may fail with.
func bodyError(err error) error {
	switch {
	case err == nil, err == io.EOF:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return home.Errorf(home.Invalid, "the body did not arrive within %s", ReadTimeout).Because(ReasonSlowBody)
	}
	if e, ok := errors.AsType[*home.Error](err); ok {
		return e
	}
	e := home.Errorf(home.Invalid, "the body was cut off or is not well-formed HTTP").Because(ReasonSlowBody)
	e.Cause = err
	return e
}

// bound sets r's body up for the route and refuses what cannot be taken.
func (x *exchange) bound(r *http.Request, rt *Route) *home.Error {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return home.Errorf(home.Invalid, "a body in content encoding %.20q is not accepted; send it as it is", enc).Because(ReasonMediaType)
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	limit := rt.Body
	if limit == 0 {
		limit = smallBody
	}
	if r.ContentLength > limit {
		x.Header().Set("Connection", "close")
		return tooLarge(limit)
	}
	if rt.Body == 0 {
		r.Body = http.NoBody // net/http throws the rest away, or closes the connection
		return nil
	}
	x.body = bodyReader{src: r.Body, x: x, limit: limit, upload: limit > Body}
	r.Body = &x.body
	return nil
}
