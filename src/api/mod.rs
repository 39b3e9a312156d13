//! What admins and machines call.
