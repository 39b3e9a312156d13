//! The HTTP server's own limits: slow, silent and oversized clients.
