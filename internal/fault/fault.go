// Package fault makes errors that a person can be told.
//
// An error has two audiences. Text is for the person who caused it and says how to go on; Cause is for
// the log and is never shown. Domains return faults for what a caller can do something about. Every other
// error is a defect or a broken machine: the faces log it once under an id and show only that id.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a caller can do about an error. Faces map it to a status in one table.
type Kind uint8

const (
	Internal    Kind = iota // a defect or a broken machine; never shown
	Invalid                 // the input is wrong; Text says what and how to correct it
	Forbidden               // the caller may not do this
	NotFound                // it is not there, or is not there for this caller
	Gone                    // it was there and has been withdrawn
	Conflict                // it changed meanwhile; read it again
	TooLarge                // a named limit on size was passed
	TooMany                 // a named limit on rate was passed; RetryAfter says when to come back
	Full                    // the disk is full: reads go on, writes resume when there is room
	Unavailable             // not now: starting, stopping, or a needed part does not answer
)

var kindNames = [...]string{"internal", "invalid", "forbidden", "not found", "gone", "conflict", "too large", "too many", "full", "unavailable"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Error is an error that a person can be told.
type Error struct {
	Kind Kind
	// Code is a short stable name such as "reaction-limit". Faces translate by it, programs compare it.
	Code string
	// Text is one English sentence for the person, without a full stop where it ends in what to do.
	Text string
	// Cause goes to the log only. It may be nil.
	Cause error
	// RetryAfter is how long to wait before trying again; zero says nothing about it.
	RetryAfter time.Duration
}

// New returns a fault without a cause. Text may hold formatting verbs for args.
//
// Never pass an error among args: its text would be shown. Use [Wrap].
func New(kind Kind, code, text string, args ...any) *Error {
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	return &Error{Kind: kind, Code: code, Text: text}
}

// Wrap is New with a cause for the log.
func Wrap(cause error, kind Kind, code, text string, args ...any) *Error {
	e := New(kind, code, text, args...)
	e.Cause = cause
	return e
}

// Error gives the text and the cause: it is for logs and for operators, not for readers.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Text + ": " + e.Cause.Error()
	}
	return e.Text
}

func (e *Error) Unwrap() error { return e.Cause }

// Of returns the fault inside err, or nil where there is none.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// KindOf returns the kind of the fault inside err, and Internal where there is none.
func KindOf(err error) Kind {
	if e := Of(err); e != nil {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the fault inside err, and "" where there is none.
func CodeOf(err error) string {
	if e := Of(err); e != nil {
		return e.Code
	}
	return ""
}
