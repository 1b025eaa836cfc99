package generate

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp/syntax"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Constraint says which tokens may follow others.
type Constraint interface {
	// Restrict makes the scores of tokens -Inf that may not follow those of the call so far.
	Restrict(tokens []int64, scores []float32) error
}

// Pattern is a [Constraint] to texts that match a regular expression from beginning to end. It is safe for concurrent use.
//
// Texts are followed byte by byte through the sets of instructions that the expression can be at. Each set that comes up keeps which tokens
// may follow it.
type Pattern struct {
	program    *syntax.Prog
	vocabulary [][]byte
	end        int64
	order      []int // of tokens that stand for text, by that

	mu     sync.Mutex
	states map[string]*place
	start  *place
}

// place is where a text has led to in an expression.
type place struct {
	at      []uint32 // instructions that consume a rune, or match
	partial []byte   // the beginning of a rune
	ends    bool     // the text matches
	next    map[byte]*place
	tokens  map[int64]*place
	allowed []uint64 // bits of tokens; nil before it is asked for
}

// maxPlaces is how many places are kept at once.
const maxPlaces = 1 << 14

// NewPattern makes a pattern of an expression in the syntax of package regexp, without assertions such as ^, $ and \b, and with the bytes that each token
// stands for: none for tokens that are no text, which never may follow. The end token may follow, and is the only one that may, where the text
// matches and nothing can follow; where it matches and more can follow, both may.
func NewPattern(expression string, vocabulary [][]byte, end int64) (*Pattern, error) {
	e, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, err
	}
	p := &Pattern{vocabulary: vocabulary, end: end, states: map[string]*place{}}
	if p.program, err = syntax.Compile(e.Simplify()); err != nil {
		return nil, err
	}
	for i := range p.program.Inst {
		if p.program.Inst[i].Op == syntax.InstEmptyWidth {
			return nil, fmt.Errorf("%q has an assertion, which is not supported; all of a text must match anyway", expression)
		}
	}
	if end < 0 || end >= int64(len(vocabulary)) {
		return nil, fmt.Errorf("the end token %d is none of %d", end, len(vocabulary))
	}
	for id, text := range vocabulary {
		if len(text) > 0 && int64(id) != end {
			p.order = append(p.order, id)
		}
	}
	slices.SortFunc(p.order, func(a, b int) int { return bytes.Compare(vocabulary[a], vocabulary[b]) })
	p.start = p.place([]uint32{uint32(p.program.Start)}, nil)
	return p, nil
}

// Restrict implements [Constraint]. Tokens that may not follow each other are an error.
func (p *Pattern) Restrict(tokens []int64, scores []float32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.states) > maxPlaces {
		p.states = map[string]*place{}
		p.start = p.place([]uint32{uint32(p.program.Start)}, nil)
	}
	if len(scores) < len(p.vocabulary) {
		return fmt.Errorf("%d scores are fewer than the %d tokens of the pattern", len(scores), len(p.vocabulary))
	}
	at := p.start
	for i, id := range tokens {
		if at = p.token(at, id); at == nil {
			return fmt.Errorf("token %d, number %d, does not follow in the pattern", id, i)
		}
	}
	allowed := p.allowedAt(at)
	for id := range scores {
		if id >= len(p.vocabulary) || allowed[id/64]>>(id%64)&1 == 0 {
			scores[id] = negativeInfinity
		}
	}
	return nil
}

// place is the one of instructions, not yet followed to those that consume, and the beginning of a rune.
func (p *Pattern) place(from []uint32, partial []byte) *place {
	s := &place{partial: partial}
	for _, pc := range from {
		p.follow(s, pc, map[uint32]bool{})
	}
	slices.Sort(s.at)
	s.at = slices.Compact(s.at)
	var key []byte
	for _, pc := range s.at {
		key = binary.LittleEndian.AppendUint32(key, pc)
		s.ends = s.ends || partial == nil && p.program.Inst[pc].Op == syntax.InstMatch
	}
	key = append(key, partial...)
	if known := p.states[string(key)]; known != nil {
		return known
	}
	p.states[string(key)] = s
	return s
}

// follow adds the instructions that can be reached from one without consuming anything.
func (p *Pattern) follow(s *place, pc uint32, seen map[uint32]bool) {
	if seen[pc] {
		return
	}
	seen[pc] = true
	switch i := &p.program.Inst[pc]; i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		p.follow(s, i.Out, seen)
		p.follow(s, i.Arg, seen)
	case syntax.InstCapture, syntax.InstNop:
		p.follow(s, i.Out, seen)
	case syntax.InstFail:
	default:
		s.at = append(s.at, pc)
	}
}

// step is where a byte leads to, nil for nowhere.
func (p *Pattern) step(s *place, b byte) *place {
	if to, known := s.next[b]; known {
		return to
	}
	if s.next == nil {
		s.next = map[byte]*place{}
	}
	to := p.after(s, append(slices.Clone(s.partial), b))
	s.next[b] = to
	return to
}

func (p *Pattern) after(s *place, text []byte) *place {
	var out []uint32
	if !utf8.FullRune(text) {
		for _, pc := range s.at {
			if canBegin(&p.program.Inst[pc], text) {
				out = append(out, pc)
			}
		}
		if out == nil {
			return nil
		}
		return p.place(out, text)
	}
	r, size := utf8.DecodeRune(text)
	if size != len(text) || r == utf8.RuneError && size == 1 {
		return nil
	}
	for _, pc := range s.at {
		if i := &p.program.Inst[pc]; i.Op != syntax.InstMatch && i.MatchRune(r) {
			out = append(out, i.Out)
		}
	}
	if out == nil {
		return nil
	}
	to := p.place(out, nil)
	if len(to.at) == 0 {
		return nil
	}
	return to
}

// canBegin reports whether an instruction consumes any rune with such a beginning.
func canBegin(i *syntax.Inst, text []byte) bool {
	if i.Op == syntax.InstMatch {
		return false
	}
	lo, hi := runesFrom(text)
	within := func(from, to rune) bool { return from <= hi && to >= lo }
	switch {
	case lo > hi:
		return false
	case i.Op == syntax.InstRuneAny, i.Op == syntax.InstRuneAnyNotNL:
		return true
	case len(i.Rune) == 1:
		r := i.Rune[0]
		if within(r, r) {
			return true
		}
		if syntax.Flags(i.Arg)&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				if within(f, f) {
					return true
				}
			}
		}
		return false
	}
	for k := 0; k+1 < len(i.Rune); k += 2 {
		if within(i.Rune[k], i.Rune[k+1]) {
			return true
		}
	}
	return false
}

// runesFrom are the least and the greatest rune with a beginning that is not all of it.
func runesFrom(text []byte) (lo, hi rune) {
	size, bits, least := 2, rune(text[0]&0x1f), rune(0x80)
	switch {
	case text[0] >= 0xf0:
		size, bits, least = 4, rune(text[0]&0x07), 0x10000
	case text[0] >= 0xe0:
		size, bits, least = 3, rune(text[0]&0x0f), 0x800
	}
	for _, b := range text[1:] {
		bits = bits<<6 | rune(b&0x3f)
	}
	open := 6 * (size - len(text))
	lo, hi = bits<<open, (bits+1)<<open-1
	return max(lo, least), min(hi, unicode.MaxRune)
}

// token is where a token leads to, nil for nowhere.
func (p *Pattern) token(s *place, id int64) *place {
	if to, known := s.tokens[id]; known {
		return to
	}
	if id < 0 || id >= int64(len(p.vocabulary)) || id == p.end || len(p.vocabulary[id]) == 0 {
		return nil
	}
	to := s
	for _, b := range p.vocabulary[id] {
		if to = p.step(to, b); to == nil {
			return nil
		}
	}
	if s.tokens == nil {
		s.tokens = map[int64]*place{}
	}
	s.tokens[id] = to
	return to
}

// allowedAt are the tokens that may follow. They are walked in the order of their texts, so that what they begin with in common is walked once.
func (p *Pattern) allowedAt(s *place) []uint64 {
	if s.allowed != nil {
		return s.allowed
	}
	s.allowed = make([]uint64, (len(p.vocabulary)+63)/64)
	if s.ends {
		s.allowed[p.end/64] |= 1 << (p.end % 64)
	}
	path, before := []*place{s}, []byte(nil) // the places behind the bytes of the text before, as far as it led
	for _, id := range p.order {
		text := p.vocabulary[id]
		same := 0
		for same < len(text) && same < len(before) && text[same] == before[same] {
			same++
		}
		before = text
		if same >= len(path) { // where the text before led nowhere
			continue
		}
		path = path[:same+1]
		for _, b := range text[same:] {
			to := p.step(path[len(path)-1], b)
			if to == nil {
				break
			}
			path = append(path, to)
		}
		if len(path) == len(text)+1 {
			s.allowed[id/64] |= 1 << (id % 64)
		}
	}
	return s.allowed
}
