package testenv

// Missing ends a test whose server cannot be had.
var Missing = missing
