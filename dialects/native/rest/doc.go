// Package rest is the typed layer of the native API: an operation is a Go
// function from an input struct to an output value, with a Spec that names its
// right. From these come the wire route, the decoding and checking of input,
// the answer with its headers, and the OpenAPI document, so that they cannot
// disagree.
package rest
