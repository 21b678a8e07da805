package home

import (
	"errors"
	"fmt"
	"time"
)

// Code is the kind of a failure. Each dialect maps codes to its own statuses.
type Code string

// The codes. Any error that is not an *Error is Internal and mute.
const (
	Invalid       Code = "invalid"       // the input is malformed (400)
	Unauthorized  Code = "unauthorized"  // no credential, or one that does not hold (401)
	Forbidden     Code = "forbidden"     // the credential holds but lacks the right (403)
	NotFound      Code = "not_found"     // no such thing, or another house's (404)
	Conflict      Code = "conflict"      // already there, or in the way of another change (409)
	Stale         Code = "stale"         // the version given is not the current one (412)
	TooLarge      Code = "too_large"     // over a size limit (413)
	Unprocessable Code = "unprocessable" // well-formed, but a value is not acceptable (422)
	TooMany       Code = "too_many"      // over a rate limit; see RetryAfter (429)
	Internal      Code = "internal"      // our fault (500)
	Unavailable   Code = "unavailable"   // not now: overload, full disk, shutting down (503)
)

// FieldError says what is wrong with one input field.
type FieldError struct {
	Path    string `json:"path"`            // where: "features[0].min"
	Message string `json:"message"`         // what, and what is accepted
	Value   string `json:"value,omitempty"` // what was given, shortened; never a secret
}

// Error is a failure that the caller may read.
type Error struct {
	Code       Code
	Reason     string // stable machine word, such as "feature_unknown" or "storage_full"; may be empty
	Message    string // for a person: what, where, what is accepted, what to do next
	Fields     []FieldError
	RetryAfter time.Duration // for TooMany and Unavailable; 0 = not said
	Cause      error         // for our log only
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error whose text the caller may read.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because gives e a stable reason word and returns it.
func (e *Error) Because(reason string) *Error { e.Reason = reason; return e }

// At adds what is wrong with one field and returns e.
func (e *Error) At(path, format string, args ...any) *Error {
	e.Fields = append(e.Fields, FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
	return e
}

// CodeOf returns the code of err: Internal for a foreign error, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// AsError returns err as an *Error; a foreign error becomes Internal with a
// text that gives nothing away and the error as its cause.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Reason: "internal", Message: "something went wrong on our side; the log has the details under this request's id", Cause: err}
}

// OrNil returns e if any field is at fault, else nil. With fields at fault the
// first of them completes the message.
func (e *Error) OrNil() error {
	if len(e.Fields) == 0 {
		return nil
	}
	if path := e.Fields[0].Path; path != "" { // "" is the whole of what was sent
		e.Message += ": " + path
	}
	e.Message += ": " + e.Fields[0].Message
	return e
}
