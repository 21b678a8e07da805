package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// Sum is the checksum of a table's row: of its numbers and texts, in order.
func Sum(numbers []int64, texts ...string) int64 {
	b := make([]byte, 0, 512)
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	for _, text := range texts {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return int64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}
