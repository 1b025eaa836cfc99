// Package artefact is the container of compiled models: a description and blobs of bytes in one file that is mapped, so that processes which load
// the same model share its memory.
//
// The room knows bytes and checksums, not what they mean: no tensors, graphs or back ends. All numbers are little endian:
//
//	magic [8]byte, version u32, checksum u32, size of the file u64, size of the description u64, number of blobs u64
//	for each blob: offset u64, size u64, checksum u32, 0 u32
//	the description
//	the blobs, each at a multiple of 64 bytes
//
// Checksums are CRC-32C. That of the header covers what follows it up to the blobs.
package artefact

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/gocompile/gocompile/internal/mapped"
)

const (
	magic   = "\x89GCX\r\n\x1a\n" // shows transfers as text, as that of PNG does
	version = 1

	headerSize = 40
	entrySize  = 24
	alignment  = 64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Is reports whether bytes begin as a compiled model does.
func Is(b []byte) bool { return len(b) >= len(magic) && string(b[:len(magic)]) == magic }

// File is a compiled model in memory.
type File struct {
	description []byte
	blobs       [][]byte
	sums        []uint32
	closer      func() error
}

// Open maps a file.
func Open(name string) (*File, error) {
	b, unmap, err := mapped.Open(name)
	if err != nil {
		return nil, err
	}
	f, err := Decode(b)
	if err != nil {
		return nil, errors.Join(err, unmap())
	}
	f.closer = unmap
	return f, nil
}

// Decode reads a file from its bytes, which must not change. The contents of blobs are not looked at; see [File.Check].
func Decode(b []byte) (*File, error) {
	switch {
	case !Is(b):
		return nil, errors.New("this is no compiled model")
	case len(b) < headerSize:
		return nil, fmt.Errorf("a compiled model of %d bytes lacks part of its header", len(b))
	}
	n := binary.LittleEndian
	if v := n.Uint32(b[8:]); v != version {
		return nil, fmt.Errorf("the compiled model has format %d, this build reads %d: compile it again", v, version)
	}
	if size := n.Uint64(b[16:]); size != uint64(len(b)) {
		return nil, fmt.Errorf("the compiled model should have %d bytes and has %d: it is damaged or incomplete", size, len(b))
	}
	description, count := n.Uint64(b[24:]), n.Uint64(b[32:])
	if rest := uint64(len(b) - headerSize); count > rest/entrySize || description > rest-count*entrySize {
		return nil, fmt.Errorf("a description of %d bytes and %d blobs do not fit into %d bytes: the compiled model is damaged", description, count, len(b))
	}
	end := headerSize + count*entrySize + description
	if crc32.Checksum(b[16:end], castagnoli) != n.Uint32(b[12:]) {
		return nil, errors.New("the checksum of the description is wrong: the compiled model is damaged")
	}
	f := &File{description: b[end-description : end : end], blobs: make([][]byte, count), sums: make([]uint32, count)}
	for i := range f.blobs {
		e := b[headerSize+i*entrySize:]
		at, size := n.Uint64(e), n.Uint64(e[8:])
		if at > uint64(len(b)) || size > uint64(len(b))-at || at%alignment != 0 {
			return nil, fmt.Errorf("blob %d, %d bytes at %d, is not within the %d bytes of the compiled model", i, size, at, len(b))
		}
		f.blobs[i], f.sums[i] = b[at:at+size:at+size], n.Uint32(e[16:])
	}
	return f, nil
}

// Description returns the description.
func (f *File) Description() []byte { return f.description }

// Blob returns blob i.
func (f *File) Blob(i int) ([]byte, error) {
	if i < 0 || i >= len(f.blobs) {
		return nil, fmt.Errorf("the compiled model has no blob %d, but %d of them", i, len(f.blobs))
	}
	return f.blobs[i], nil
}

// Check compares all blobs with their checksums, for which it reads the whole file.
func (f *File) Check() error {
	for i, b := range f.blobs {
		if crc32.Checksum(b, castagnoli) != f.sums[i] {
			return fmt.Errorf("the checksum of blob %d, %d bytes, is wrong: the compiled model is damaged", i, len(b))
		}
	}
	return nil
}

// Close ends the mapping, if there is one.
func (f *File) Close() error {
	if f == nil || f.closer == nil {
		return nil
	}
	return f.closer()
}

// Write writes a file.
func Write(w io.Writer, description []byte, blobs [][]byte) error {
	n := binary.LittleEndian
	head := append(make([]byte, headerSize+len(blobs)*entrySize), description...)
	at := len(head)
	for i, b := range blobs {
		at = aligned(at)
		e := head[headerSize+i*entrySize:]
		n.PutUint64(e, uint64(at))
		n.PutUint64(e[8:], uint64(len(b)))
		n.PutUint32(e[16:], crc32.Checksum(b, castagnoli))
		at += len(b)
	}
	copy(head, magic)
	n.PutUint32(head[8:], version)
	n.PutUint64(head[16:], uint64(at))
	n.PutUint64(head[24:], uint64(len(description)))
	n.PutUint64(head[32:], uint64(len(blobs)))
	n.PutUint32(head[12:], crc32.Checksum(head[16:], castagnoli))
	at = 0
	for _, b := range append([][]byte{head}, blobs...) {
		if _, err := w.Write(make([]byte, aligned(at)-at)); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		at = aligned(at) + len(b)
	}
	return nil
}

func aligned(n int) int { return (n + alignment - 1) / alignment * alignment }
