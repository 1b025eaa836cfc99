// Package generate writes tokens with a model that scores the next one: a decoder or a recurrent language model.
//
//	decoder, err := generate.NewDecoder(stateful)
//	…
//	g := generate.New(decoder, generate.Options{Temperature: 0.7, TopP: 0.9, Stop: []int64{end}, MaxTokens: 200})
//	for token, err := range g.Tokens(ctx, prompt) {
//		if err != nil {
//			return err
//		}
//		fmt.Print(text(token.ID))
//	}
//
// A [Group] writes several sequences in steps that they share. [Beam] searches for the most probable ones. [NewSpeculative] has a small model propose what
// a large one writes.
//
// A [Constraint] leaves only tokens that may follow: a [Pattern] those that go on to a match of a regular expression, such as [SchemaExpression] makes of a
// JSON schema.
//
// The room knows numbers of tokens and nothing of text: what a token stands for, and the form of a conversation, is the caller's.
package generate
