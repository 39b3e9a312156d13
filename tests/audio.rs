//! Sound: codecs, resamplers, and what they do to speech.
