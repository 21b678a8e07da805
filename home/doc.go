// Package home holds the words of Latchkey and the contracts between its
// parts. It imports only the standard library and knows no wire format of any
// dialect. Reading it is reading the product.
package home
