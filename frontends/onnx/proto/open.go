package proto

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/gocompile/gocompile/internal/mapped"
)

// File is a model together with the mapped files that its weights refer to.
type File struct {
	*Model
	mapped  []byte // the file of the model
	closers []func() error
}

// Release tells the system that part of the mapped files will hardly be read again, so that it need not stay in memory. It can be read
// as before. Other memory is left alone.
func (f *File) Release(b []byte) {
	if inside(b, f.mapped) {
		mapped.Release(b)
		return
	}
	if f.source == nil {
		return
	}
	f.source.mu.Lock()
	defer f.source.mu.Unlock()
	if f.source.fsys != nil {
		return
	}
	for _, m := range f.source.files {
		if inside(b, m) {
			mapped.Release(b)
			return
		}
	}
}

func inside(b, in []byte) bool {
	if len(b) == 0 || len(in) == 0 {
		return false
	}
	at, start := uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&in[0]))
	return at >= start && at+uintptr(len(b)) <= start+uintptr(len(in))
}

// Close gives the mappings back. Tensors of the model must not be used any more.
func (f *File) Close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c())
	}
	if f.source != nil {
		errs = append(errs, f.source.close())
	}
	f.closers = nil
	return errors.Join(errs...)
}

// Open maps a model file into memory and decodes it. External data is looked for below the model's directory.
func Open(name string) (*File, error) {
	b, unmap, err := mapped.Open(name)
	if err != nil {
		return nil, err
	}
	m, err := Decode(b)
	if err != nil {
		unmap()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m.source = &source{dir: filepath.Dir(name)}
	return &File{Model: m, mapped: b, closers: []func() error{unmap}}, nil
}

// OpenFS reads a model, and its external data, from a file system.
func OpenFS(fsys fs.FS, name string) (*File, error) {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	m, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	m.source = &source{fsys: fsys, dir: path.Dir(name)}
	return &File{Model: m}, nil
}

// source finds the files with external data, each mapped once.
type source struct {
	fsys fs.FS // nil: the operating system's, below dir
	dir  string

	mu      sync.Mutex
	root    *os.Root
	files   map[string][]byte
	closers []func() error
}

func (s *source) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	if s.root != nil {
		errs = append(errs, s.root.Close())
	}
	s.closers, s.files, s.root = nil, nil, nil
	return errors.Join(errs...)
}

// external returns the bytes that an external tensor refers to: keys location, offset, length and checksum (SHA-1, of the
// whole file).
func (s *source) external(t *Tensor) ([]byte, error) {
	var location, checksum string
	offset, length := int64(0), int64(-1)
	for _, p := range t.External {
		var err error
		switch p.Key {
		case "location":
			location = p.Value
		case "offset":
			offset, err = strconv.ParseInt(p.Value, 10, 64)
		case "length":
			length, err = strconv.ParseInt(p.Value, 10, 64)
		case "checksum":
			checksum = p.Value
		}
		if err != nil {
			return nil, fmt.Errorf("%s %q is no number", p.Key, p.Value)
		}
	}
	if location == "" {
		return nil, errors.New("no location is given")
	}
	b, err := s.file(location)
	if err != nil {
		return nil, err
	}
	if length < 0 {
		length = int64(len(b)) - offset
	}
	if offset < 0 || length < 0 || offset > int64(len(b)) || length > int64(len(b))-offset {
		return nil, fmt.Errorf("%d bytes at %d are not within file %q of %d bytes", length, offset, location, len(b))
	}
	if checksum != "" {
		sum := sha1.Sum(b)
		if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, checksum) {
			return nil, fmt.Errorf("file %q has checksum %s, the model says %s", location, got, checksum)
		}
	}
	return b[offset : offset+length : offset+length], nil
}

func (s *source) file(location string) ([]byte, error) {
	local := filepath.FromSlash(location)
	if !filepath.IsLocal(local) {
		return nil, fmt.Errorf("location %q leaves the model's directory", location)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.files[location]; ok {
		return b, nil
	}
	b, err := s.read(location, local)
	if err != nil {
		return nil, err
	}
	if s.files == nil {
		s.files = map[string][]byte{}
	}
	s.files[location] = b
	return b, nil
}

func (s *source) read(location, local string) ([]byte, error) {
	if s.fsys != nil {
		f, err := s.fsys.Open(path.Join(s.dir, path.Clean(location)))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(f)
	}
	if s.root == nil {
		root, err := os.OpenRoot(s.dir) // follows no link out of the directory
		if err != nil {
			return nil, err
		}
		s.root = root
	}
	f, err := s.root.Open(local)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, unmap, err := mapped.File(f)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, unmap)
	return b, nil
}
