// Package stdio carries a plugin's output to where it belongs, byte for byte.
//
// A [Scanner] takes bytes in chunks as they come, and says what they are: text
// to pass on, or a line that is a log record. On the way it keeps the last lines,
// and what the Go runtime prints when it ends a program, for error messages. It
// is a pure function of the bytes, not of how they were cut into chunks, and
// total: any bytes will do, and what it holds is bounded.
//
// A [Pump] moves the bytes: it reads a pipe, asks a Scanner, and hands text to a
// writer and records to a function.
package stdio
