package postgres

// Translate is translate, for tests.
var Translate = translate
