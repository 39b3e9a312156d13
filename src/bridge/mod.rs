//! One task a call: two legs, one Session, one timer.
