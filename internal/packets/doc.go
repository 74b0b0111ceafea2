// Package packets is the vocabulary of the 129 client: one struct for each
// packet, one Marshal that both reads and writes it, and one table that says
// who may send it when and how large it may be. It holds layouts and bounds
// and no behaviour; the gateway, the bot and the packet decoder share it.
//
// Layouts follow the 129 client protocol, little-endian. Numbers are u8, u16
// and so on as the Go types say; z in a comment is text that ends in a zero
// byte. Coordinates are centimetres. Entity ids are unique within a zone; 0
// is no entity. Text is UTF-8 and bounded in bytes, without the ending zero.
//
// What can be read can be written back to the same bytes: bits and bytes that
// carry nothing must be zero, and optional tails are there exactly when the
// fields say so.
package packets
