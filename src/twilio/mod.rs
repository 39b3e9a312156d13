//! Twilio's words.
