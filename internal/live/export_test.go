package live

// RetryWithin is tested alone: the numbers that matter are more connections than a test should open.
var RetryWithin = retryWithin
