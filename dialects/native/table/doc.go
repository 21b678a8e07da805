// Package table writes and reads features' values as CSV and as NDJSON, line
// by line and in bounded memory.
package table
