//! The plan of the house, as a test.
