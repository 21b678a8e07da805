package gladys

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"latchkey/home"
)

// postState takes in one state or a list. The answer goes out when they are on
// disk.
func (a *api) postState(w http.ResponseWriter, r *http.Request) error {
	id, err := a.identify(r)
	if err != nil {
		return err
	}
	s, err := a.readStates(r)
	if err != nil {
		return err
	}
	if err := a.report(r.Context(), id, s); err != nil {
		return err
	}
	return a.done.write(w)
}

// report hands the states over. A caller does not say whether "21" is a number
// or a text: it is a number unless the feature refuses that, and then a text.
// The hub refuses before it keeps anything.
func (a *api) report(ctx context.Context, id *home.Identity, s *states) error {
	var number error // how the feature's value was refused as a number
	var feature string
	for {
		_, err := a.hub.Report(ctx, id, s.reports...)
		n := refusedValue(err, len(s.reports))
		switch {
		case n < 0:
			return err
		case s.asText(n):
			number, feature = err, s.reports[n].Feature
		case s.reports[n].Feature == feature:
			return number
		default:
			return err
		}
	}
}

// refusedValue returns which state the hub refused for its value, or -1.
func refusedValue(err error, of int) int {
	e, ok := errors.AsType[*home.Error](err)
	if !ok || e.Reason != "value_refused" || len(e.Fields) == 0 {
		return -1
	}
	index, rest, ok := strings.Cut(strings.TrimPrefix(e.Fields[0].Path, "["), "].")
	if !ok {
		index, rest = "0", index
	}
	n, err := strconv.Atoi(index)
	if err != nil || rest != memberState || n < 0 || n >= of {
		return -1
	}
	return n
}
