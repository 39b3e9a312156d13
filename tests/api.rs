//! The admin interface, over HTTP.
