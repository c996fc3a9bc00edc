//! The answers against captures of Apache 3.9.5.
