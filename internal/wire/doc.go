// Package wire is the HTTP craft that every dialect shares: routes as data,
// handlers that return errors, bounded bodies, request ids, credentials,
// redaction, limits. It knows the words of home and nothing of the hub or of
// any dialect.
package wire
