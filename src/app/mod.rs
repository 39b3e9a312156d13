//! Composes the floors, runs them, takes them down.
