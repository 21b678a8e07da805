package phone

import (
	"encoding/xml"
	"fmt"
)

// A Tasker export is a TaskerData element with tasks in it. An action is its
// number in Tasker and its fields in order: act0, arg1, arg2...
type taskerData struct {
	XMLName xml.Name   `xml:"TaskerData"`
	SR      string     `xml:"sr,attr"`
	Format  string     `xml:"dvi,attr"`
	Version string     `xml:"tv,attr"`
	Task    taskerTask `xml:"Task"`
}

type taskerTask struct {
	SR       string       `xml:"sr,attr"`
	ID       int          `xml:"id"`
	Name     string       `xml:"nme"`
	Priority int          `xml:"pri"`
	Action   taskerAction `xml:"Action"`
}

type taskerAction struct {
	SR      string      `xml:"sr,attr"`
	Version string      `xml:"ve,attr"`
	Code    int         `xml:"code"`
	Numbers []taskerInt `xml:"Int"`
	Texts   []taskerStr `xml:"Str"`
}

type taskerInt struct {
	SR    string `xml:"sr,attr"`
	Value int    `xml:"val,attr"`
}

type taskerStr struct {
	SR      string `xml:"sr,attr"`
	Version string `xml:"ve,attr"`
	Text    string `xml:",chardata"`
}

// httpRequest is the number of Tasker's action HTTP Request, and post its
// method POST.
const (
	httpRequest   = 339
	post          = 1
	timeoutSecond = 30
)

func arriveTask(s *setup) ([]byte, error) { return s.task(1, s.Phone+": home", s.Arrive()) }

func leaveTask(s *setup) ([]byte, error) { return s.task(2, s.Phone+": away", s.Leave()) }

// task writes a task of one HTTP Request. The fields are: 1 method, 2 URL, 3
// headers, 4 query, 5 body, 6 file to send, 7 file to save, 8 timeout, 9 trust any
// certificate, 10 follow redirects, 11 cookies, 12 structured output.
func (s *setup) task(number int, name, body string) ([]byte, error) {
	action := taskerAction{SR: "act0", Version: "7", Code: httpRequest}
	for i, text := range []string{s.StateURL(), "Content-Type:application/json", "", body, "", ""} {
		action.Texts = append(action.Texts, taskerStr{SR: fmt.Sprintf("arg%d", i+2), Version: "3", Text: text})
	}
	for _, n := range [][2]int{{1, post}, {8, timeoutSecond}, {9, 0}, {10, 0}, {11, 0}, {12, 0}} {
		action.Numbers = append(action.Numbers, taskerInt{SR: fmt.Sprintf("arg%d", n[0]), Value: n[1]})
	}
	b, err := xml.MarshalIndent(taskerData{Format: "1", Version: "6.3.13",
		Task: taskerTask{SR: fmt.Sprintf("task%d", number), ID: number, Name: name, Priority: 6, Action: action}}, "", "\t")
	if err != nil {
		return nil, fmt.Errorf("write a Tasker task: %w", err)
	}
	return append(b, '\n'), nil
}
