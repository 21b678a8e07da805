package sql

import (
	"encoding/binary"
	"hash/crc32"

	"latchkey/home"
)

// recordSum is the checksum by which a record that rotted is found out.
func recordSum(r *home.Record) int64 {
	return rowSum([]int64{int64(r.At), r.Version}, r.Kind, string(r.ID), string(r.House), string(r.Parent), string(r.Doc))
}

// auditSum is the same for an audit row.
func auditSum(a *home.Audit) int64 {
	return rowSum([]int64{int64(a.Num), int64(a.At)}, string(a.House), a.Actor, a.Remote, a.Action, a.Target, a.Detail, a.Prev, a.Hash)
}

func rowSum(numbers []int64, texts ...string) int64 {
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
