//! From what AWS shows to what is written.
