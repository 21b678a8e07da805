package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"latchkey/home"
	"latchkey/internal/wire"
)

// strict is how every body is read: unknown and repeated names are refused.
func strict() wire.JSONOptions { return wire.JSONOptions{Known: true, Unique: true} }

// readBody reads r's body into in, if the operation has one that it does not
// read by itself.
func (o *Operation) readBody(r *http.Request, in reflect.Value) error {
	if o.in.body == nil || len(o.Takes) > 0 {
		return nil
	}
	if o.Method == http.MethodPatch {
		b, err := wire.ReadBody(r, o.Body)
		if err != nil {
			return err
		}
		if err := mediaJSON(r); err != nil {
			return err
		}
		return o.decodeBody(b, in)
	}
	return wire.ReadJSON(r, o.Body, o.bodyOf(in), o.options())
}

func (o *Operation) options() wire.JSONOptions {
	s := strict()
	s.Empty = o.in.bodyOptional
	return s
}

func (o *Operation) bodyOf(in reflect.Value) any {
	return in.Elem().FieldByIndex(o.in.body.Index).Addr().Interface()
}

// decodeBody is readBody for a body that has been read.
func (o *Operation) decodeBody(b []byte, in reflect.Value) error {
	body := o.bodyOf(in)
	if err := wire.DecodeJSON(b, body, o.options()); err != nil {
		return err
	}
	if o.Method == http.MethodPatch {
		return clearNulls(b, reflect.ValueOf(body).Elem())
	}
	return nil
}

// mediaJSON refuses a body that says it is not JSON, in wire's words.
func mediaJSON(r *http.Request) error {
	probe := &http.Request{Header: r.Header, Body: http.NoBody}
	return wire.ReadJSON(probe, 0, new(struct{}), wire.JSONOptions{Empty: true})
}

// clearNulls gives JSON merge-patch its meaning: null takes a member away. A
// field with the tag clear takes its zero value; any other cannot be null.
func clearNulls(b []byte, body reflect.Value) error {
	if !bytes.Contains(b, []byte("null")) || body.Kind() != reflect.Struct {
		return nil
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(b, &given) != nil {
		return nil // decoded before; an object it was
	}
	e := home.Errorf(home.Unprocessable, "the change is not acceptable").Because("change_refused")
	for i := range body.NumField() {
		f := body.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if string(given[name]) != "null" {
			continue
		}
		if f.Tag.Get("clear") == "" {
			e.At(name, "this cannot be taken away: null is not accepted here")
			continue
		}
		body.Field(i).Set(reflect.New(f.Type.Elem()))
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}
