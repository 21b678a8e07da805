// Package dialecttest tests dialects from outside, as their callers meet them:
// golden exchanges in text files, and a security suite that walks the route
// table. Every dialect's test is a few lines over it. See README.md.
package dialecttest
