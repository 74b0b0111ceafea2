// Package wire speaks the transport of the 129 client: little-endian packets
// under a six-byte header, scrambled by tables that both sides derive from a
// seed. It knows bytes and bounds and nothing of what the packets mean.
//
// The scrambling is what the client speaks, not security: anyone who knows
// the seed reads everything, and the one-byte checksum misses about one
// damaged packet in 256.
//
// # A plain packet
//
//	byte 0–1   size     u16, the whole packet with its header, 6–2047
//	byte 2–3   command  u16, 0–0x7ff
//	byte 4–5   zero     (on the wire: head bits and the checksum)
//	byte 6–    payload
//
// # The head on the wire
//
// Bytes 0 to 4 carry forty bits, in plain order, lowest bit first:
//
//	bit  0–10  L  wire length: size plus, from a client, its padding
//	bit 11–21  C  command
//	bit 22–32  A  table offset
//	bit 33–36  T  row offset
//	bit 37–39  E  client: bytes of padding at the end; server: send 0
//
// On the wire these bits are cut into runs and scattered. Under each letter
// stands its bit in the field, in hexadecimal; bit 0 of each byte is on the
// left:
//
//	          byte 0    byte 1    byte 2    byte 3    byte 4
//	server →  LLLAAACC  CEEELLLA  AACCCAAC  CCTTLLTT  LLLAAACC
//	client    34501267  80126786  783459a0  12019a23  0123459a
//	client →  CCCAAALL  LAAACCCE  EELLLTTL  LLAACCTT  CCCAAALL
//	server    34534501  26780120  12345236  789a9a01  6780129a
//
// The head's bytes are XORed with column A of rows 0 to 4, all but A's own
// bits: A is read first, then the rest. Byte 5 is a CRC-8 over the forty bits in plain order and the
// plain payload without padding, and is not XORed. Payload byte i is XORed
// with row (T+i)&15 at column (A+i)&2047; rows have 2048 columns.
//
// # Rules of the stream
//
//   - The size cannot be seen before the head is decoded: read 6 bytes, decode
//     them, refuse what cannot be right, then read L−6 more. [Reader] does so.
//   - Client → server: A is index[packets sent mod 512], E counts the padding
//     and size is L−E. The server takes A, T and E as the head gives them.
//   - Server → client: A = T = E = 0. So one sealed packet fits every client
//     under the same tables, and a broadcast is sealed once.
//   - The login connection uses [DefaultTables]; world and game connections
//     use [SeededTables] with the seed that the reply before them handed over.
//     A listener must know its seed before the first packet comes, so a seed
//     belongs to a listener and never to a player.
package wire
