//! Twilio's words, there and back.
