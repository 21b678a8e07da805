package home

// Request is an outgoing HTTP request, kept on disk from its cause to its end
// and tried at least once.
type Request struct {
	ID       ID                `json:"id"` // stable over all attempts; sent as webhook-id
	House    ID                `json:"-"`
	Method   string            `json:"method"`
	URL      string            `json:"url"`
	Headers  map[string]string `json:"headers,omitempty"`
	Body     string            `json:"body,omitempty"`
	Run      ID                `json:"run,omitempty"`
	By       ID                `json:"by"` // the account in whose rights it goes out
	Created  Time              `json:"created_at"`
	Attempts int               `json:"attempts"`
	Next     Time              `json:"next_at"`
	Last     string            `json:"last,omitempty"` // how the last attempt ended
	Dead     bool              `json:"dead,omitempty"` // given up; may be sent again by hand
	Cause    Cause             `json:"cause"`
}
