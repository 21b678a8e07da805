package gladys

import (
	"net/http"

	"latchkey/home"
)

// postMessage sends the house a text. The answer goes out when it is on disk.
func (a *api) postMessage(w http.ResponseWriter, r *http.Request) error {
	id, err := a.identify(r)
	if err != nil {
		return err
	}
	m, err := a.readMembers(r)
	if err != nil {
		return err
	}
	text, ok := m.text(memberText)
	if !ok {
		return home.Errorf(home.Unprocessable, "the message is not acceptable: text is needed, as a text").Because("message_refused").
			At(memberText, "a text in double quotes is needed")
	}
	if _, err := a.hub.Message(r.Context(), id, text); err != nil {
		return err
	}
	return a.done.write(w)
}
