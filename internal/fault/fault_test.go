package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"sokbo/internal/fault"
)

func TestFaultInsideAnError(t *testing.T) {
	cause := errors.New("disk on fire")
	err := fmt.Errorf("saving: %w", fault.Wrap(cause, fault.Full, "disk-full", "no room left in %s", "data"))
	if got := fault.KindOf(err); got != fault.Full {
		t.Errorf("KindOf = %v; want %v", got, fault.Full)
	}
	if got := fault.CodeOf(err); got != "disk-full" {
		t.Errorf("CodeOf = %q; want disk-full", got)
	}
	if got := fault.Of(err).Text; got != "no room left in data" {
		t.Errorf("Text = %q; the cause must not be in it", got)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost to the log")
	}
}

func TestAnyOtherErrorIsInternal(t *testing.T) {
	if got := fault.KindOf(errors.New("x")); got != fault.Internal {
		t.Errorf("KindOf = %v; want internal", got)
	}
	if fault.Of(nil) != nil {
		t.Error("Of(nil) is a fault")
	}
}
