package wire

import (
	"net/http"

	"latchkey/home"
)

// Reasons that have a status of their own, because HTTP has one and home has
// no code for them.
const (
	ReasonMethod    = "method_not_allowed"     // 405
	ReasonMediaType = "unsupported_media_type" // 415
	ReasonLongURL   = "uri_too_long"           // 414
	ReasonHost      = "misdirected_request"    // 421
	ReasonOverload  = "overloaded"             // 503
	ReasonNoKey     = "credential_missing"     // 401
	ReasonTwoKeys   = "credentials_contradict" // 400
	ReasonCrossSite = "cross_origin_forbidden" // 403
	ReasonSlowBody  = "body_incomplete"        // 400
	ReasonLimited   = "rate_limited"           // 429
)

// Status returns the usual HTTP status of a code.
func Status(c home.Code) int {
	switch c {
	case "":
		return http.StatusOK
	case home.Invalid:
		return http.StatusBadRequest
	case home.Unauthorized:
		return http.StatusUnauthorized
	case home.Forbidden:
		return http.StatusForbidden
	case home.NotFound:
		return http.StatusNotFound
	case home.Conflict:
		return http.StatusConflict
	case home.Stale:
		return http.StatusPreconditionFailed
	case home.TooLarge:
		return http.StatusRequestEntityTooLarge
	case home.Unprocessable:
		return http.StatusUnprocessableEntity
	case home.TooMany:
		return http.StatusTooManyRequests
	case home.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// StatusOf returns the HTTP status of an error: that of its reason where HTTP
// has one, otherwise that of its code.
func StatusOf(e *home.Error) int {
	switch e.Reason {
	case ReasonMethod:
		return http.StatusMethodNotAllowed
	case ReasonMediaType:
		return http.StatusUnsupportedMediaType
	case ReasonLongURL:
		return http.StatusRequestURITooLong
	case ReasonHost:
		return http.StatusMisdirectedRequest
	}
	return Status(e.Code)
}
