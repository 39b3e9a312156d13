//! Conversations: replays fixtures/calls against call::Session.
