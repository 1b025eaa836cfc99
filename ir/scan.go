package ir

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner splits the text form into tokens on demand.
type scanner struct {
	src  string
	pos  int
	line int
}

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", s.line, fmt.Sprintf(format, args...))
}

func (s *scanner) skip() {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '\n':
			s.line++
			s.pos++
		case c == ' ' || c == '\t' || c == '\r':
			s.pos++
		case c == '#' || strings.HasPrefix(s.src[s.pos:], "//"):
			for s.pos < len(s.src) && s.src[s.pos] != '\n' {
				s.pos++
			}
		default:
			return
		}
	}
}

func (s *scanner) eof() bool { s.skip(); return s.pos >= len(s.src) }

// peek reports whether the next token starts with lit.
func (s *scanner) peek(lit string) bool {
	s.skip()
	return strings.HasPrefix(s.src[s.pos:], lit)
}

func (s *scanner) accept(lit string) bool {
	if s.peek(lit) {
		s.pos += len(lit)
		return true
	}
	return false
}

func (s *scanner) expect(lit string) error {
	if s.accept(lit) {
		return nil
	}
	rest := s.src[s.pos:]
	if len(rest) > 24 {
		rest = rest[:24]
	}
	return s.errorf("expected %q, found %q", lit, rest)
}

func isWord(r rune) bool {
	return r == '_' || r == '.' || r == '-' || r == '+' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// word reads an identifier or number.
func (s *scanner) word() string {
	s.skip()
	start := s.pos
	for s.pos < len(s.src) {
		r, n := utf8.DecodeRuneInString(s.src[s.pos:])
		if !isWord(r) {
			break
		}
		s.pos += n
	}
	return s.src[start:s.pos]
}

func (s *scanner) quoted() (string, error) {
	s.skip()
	q, err := strconv.QuotedPrefix(s.src[s.pos:])
	if err != nil {
		return "", s.errorf("expected a quoted string")
	}
	s.pos += len(q)
	return strconv.Unquote(q)
}

// until returns the text up to the closing delimiter at depth zero of parentheses, and skips the delimiter.
func (s *scanner) until(end byte) (string, error) {
	start, depth := s.pos, 0
	for ; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case c == end && depth == 0:
			s.pos++
			return s.src[start : s.pos-1], nil
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '\n':
			return "", s.errorf("missing %q", end)
		}
	}
	return "", s.errorf("missing %q", end)
}

// splitTop splits at commas outside of parentheses.
func splitTop(s string) []string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	var parts []string
	depth, start := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
	}
	return append(parts, strings.TrimSpace(s[start:]))
}
