// Package browser holds the tests of readers' pages in a real browser: the built
// program is served, and Debian's Chromium reads it. They are behind the build
// tag browser and run by make test-browser.
package browser
