package native

import (
	"net/http"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/internal/wire"
)

type auditList struct {
	Audits []home.Audit `json:"audits"`
	Cursor string       `json:"next_cursor,omitempty" doc:"left out on the last page"`
}

// Next implements rest.Paged.
func (l auditList) Next() string { return l.Cursor }

type auditQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}

func (a *api) audits() []rest.Operation {
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/audits", Name: "list_audits", Tag: "events", Right: home.ReadAudit, Class: wire.Read,
			Title: home.Label{EN: "Who changed what, oldest first", FR: "Qui a changé quoi, du plus ancien au plus récent"}}, a.listAudits),
	}
}

func (a *api) listAudits(c *rest.Call, in *auditQuery) (auditList, error) {
	after, err := rest.ParseCursor(in.Cursor, "audits")
	if err != nil {
		return auditList{}, err
	}
	all, err := a.hub.Audits(c, c.ID, after.Seq, min(in.Limit+1, 1000))
	if err != nil {
		return auditList{}, err
	}
	out := auditList{Audits: all}
	if len(all) > in.Limit || len(all) == 1000 {
		out.Audits = all[:min(in.Limit, len(all))]
		out.Cursor = rest.Cursor(home.Cursor{Seq: out.Audits[len(out.Audits)-1].Num}, "audits")
	}
	return out, nil
}
