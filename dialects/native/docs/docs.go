// Package docs makes a page for people from the API's OpenAPI document. The
// page needs nothing from elsewhere and no inline script or style.
package docs
