//! The store, the same cases on SQLite and PostgreSQL.
