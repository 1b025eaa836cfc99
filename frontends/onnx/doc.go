// Package onnx reads ONNX models into the intermediate representation.
//
// Files are decoded by the package proto below; this package resolves names, versions, functions and bodies, and translates
// every node by one table, (domain, operator, since-version) → importer, whose rows stand in one file an operator family.
// Importers translate old versions to the newest semantics, so that nothing behind this package knows of opsets.
//
// Models are untrusted: everything that is wrong with one is an error that names node, operator and rule.
package onnx
