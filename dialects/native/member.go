package native

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"latchkey/dialects/native/rest"
	"latchkey/home"
	"latchkey/hub"
	"latchkey/internal/wire"
)

type member struct {
	home.Member
	Username string `json:"username,omitempty"`
	Name     string `json:"name,omitempty"`
	uid      int64
}

// Tag implements rest.Tagged. Presence and position change without a version.
func (m member) Tag() string {
	tag := version(m.Version) + "." + strconv.FormatInt(int64(m.Presence.Since), 36)
	if m.Position != nil {
		tag += "." + strconv.FormatInt(int64(m.Position.At), 36)
	}
	return tag
}

type memberList struct {
	Members []member `json:"members"`
}

type newMember struct {
	Account  home.ID   `json:"account,omitempty" doc:"the account's id; or give username"`
	Username string    `json:"username,omitempty"`
	Role     home.Role `json:"role" enum:"owner,adult,child,guest"`
	Expires  home.Time `json:"expires_at,omitempty" doc:"when the membership ends; never when left out"`
}

type memberChange struct {
	Role    *home.Role `json:"role,omitempty" enum:"owner,adult,child,guest"`
	Expires *home.Time `json:"expires_at,omitempty" clear:"true" nullable:"true" doc:"null = never"`

	Uncounted *bool `json:"uncounted,omitempty" doc:"true = leaves the house empty, even when at home"`
}

type oneMember struct {
	Account home.ID `path:"account"`
}

func (a *api) members() []rest.Operation {
	const path, sample = "/members/{account}", "/members/a1"
	return []rest.Operation{
		rest.Op(rest.Spec{Method: http.MethodGet, Path: "/members", Name: "list_members", Tag: "members", Right: home.ReadMember, Class: wire.Read,
			Title: home.Label{EN: "List who lives here", FR: "Lister les habitants"}}, a.listMembers),
		rest.Op(rest.Spec{Method: http.MethodPost, Path: "/members", Name: "add_member", Tag: "members", Right: home.WriteMember, Status: http.StatusCreated, Acts: true,
			Title: home.Label{EN: "Make an account a member", FR: "Ajouter un membre"}}, a.addMember),
		rest.Op(rest.Spec{Method: http.MethodGet, Path: path, Name: "get_member", Tag: "members", Right: home.ReadMember, Class: wire.Read, Sample: sample,
			Title: home.Label{EN: "Show a member", FR: "Montrer un membre"}}, a.getMember),
		rest.Op(rest.Spec{Method: http.MethodPatch, Path: path, Name: "update_member", Tag: "members", Right: home.WriteMember, Versioned: true, Sample: sample,
			Title: home.Label{EN: "Change a member's role or end", FR: "Modifier le rôle ou le terme d'un membre"},
			Doc:   "The last owner of a house stays one (409)."}, a.updateMember),
		rest.Op(rest.Spec{Method: http.MethodDelete, Path: path, Name: "remove_member", Tag: "members", Right: home.WriteMember, Sample: sample,
			Title: home.Label{EN: "Take a member out of the house", FR: "Retirer un membre de la maison"}},
			func(c *rest.Call, in *oneMember) (rest.None, error) {
				return rest.None{}, a.hub.RemoveMember(c, c.ID, in.Account)
			}),
	}
}

func (a *api) listMembers(c *rest.Call, _ *struct{}) (memberList, error) {
	all, err := a.hub.Members(c, c.ID)
	if err != nil {
		return memberList{}, err
	}
	out := memberList{Members: make([]member, 0, len(all))}
	for _, v := range all {
		out.Members = append(out.Members, a.shownMember(c, v))
	}
	slices.SortStableFunc(out.Members, func(a, b member) int { return cmp.Compare(a.uid, b.uid) })
	return out, nil
}

// shownMember is a member with what c may know of the account.
func (a *api) shownMember(c *rest.Call, m home.Member) member {
	m.Presence.Cause = filled(m.Presence.Cause)
	out := member{Member: m}
	if who, err := a.hub.Account(c, c.ID, m.Account); err == nil {
		out.Username, out.Name, out.uid = who.Username, who.Name, who.UID
	}
	return out
}

func (a *api) addMember(c *rest.Call, in *struct {
	Body newMember `example:"{\"username\":\"bob\",\"role\":\"guest\"}"`
}) (member, error) {
	b := in.Body
	v, err := a.hub.AddMember(c, c.ID, hub.NewMember{Account: b.Account, Username: b.Username, Role: b.Role, Expires: b.Expires})
	if err == nil {
		c.Made("/members/" + string(v.Account))
	}
	return a.shownMember(c, v), err
}

func (a *api) getMember(c *rest.Call, in *oneMember) (member, error) {
	all, err := a.hub.Members(c, c.ID)
	if err != nil {
		return member{}, err
	}
	for _, v := range all {
		if v.Account == in.Account {
			return a.shownMember(c, v), nil
		}
	}
	return member{}, memberUnknown()
}

func memberUnknown() error {
	return home.Errorf(home.NotFound, "there is no such member").Because("member_unknown")
}

func (a *api) updateMember(c *rest.Call, in *struct {
	oneMember
	Body memberChange
}) (member, error) {
	v, err := a.hub.UpdateMember(c, c.ID, in.Account, hub.MemberChange{Role: in.Body.Role, Expires: in.Body.Expires, Uncounted: in.Body.Uncounted, Version: c.Version})
	return a.shownMember(c, v), err
}
