//! The words of the OpenAI Realtime protocol (GA).
