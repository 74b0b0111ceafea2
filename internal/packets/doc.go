// Package packets has the packets of the 129 client: one struct for each packet,
// one Marshal that both reads and writes it, and one table of the stages, senders
// and sizes. It has layouts and limits and no behaviour. The gateway, the bot and
// the packet decoder use it.
//
// Layouts follow the 129 client protocol, little-endian. The Go types of the
// fields are the types on the wire: u8, u16 and so on. Coordinates are
// centimetres. Entity ids are unique within a zone; 0 is no entity. Text is UTF-8
// and ends with a zero byte; its limits are in bytes, without this zero.
//
// A packet that can be read can be written back to the same bytes: unused bits
// and bytes must be zero, and optional parts at the end are there exactly if the
// fields say so.
package packets
