//! Our resamplers as a filter, for judges of sound and counters of instructions.
//!
//! - `round-trip`: 16-bit samples at 8 kHz from standard input, up, down, and
//!   to standard output; the way takes 27 samples. `judge.py` asks for it.
//! - `count LEVEL LINK FRAMES`: as many frames of 20 ms through an `uplink` or a
//!   `downlink`, with the instructions of `sse2`, `avx2` or the `best` there
//!   are. What one frame takes is the difference of two such counts:
//!
//! ```sh
//! for frames in 1000 2000; do
//!   valgrind --tool=callgrind --callgrind-out-file=/dev/null \
//!     target/release/deps/quality-* count avx2 uplink $frames 2>&1 | grep Collected
//! done
//! ```
//!
//! Anything else does nothing, so that `cargo bench` passes by.

use std::env;
use std::hint::black_box;
use std::io::{self, Read, Write};

use fearless_simd::Level;
use frontdesk::audio::{Downlink, Downsampler, Uplink, Upsampler};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["round-trip"] => round_trip(),
        ["count", level, link, frames] => count(level, link, frames),
        _ => Ok(()),
    }
}

fn round_trip() -> io::Result<()> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    let (samples, _) = bytes.as_chunks();
    let samples: Vec<i16> = samples.iter().copied().map(i16::from_le_bytes).collect();
    // One sample makes the delay of both a whole number at 8 kHz.
    let (mut upsampled, mut returned) = (vec![0], Vec::new());
    Upsampler::new().process(&samples, &mut upsampled);
    Downsampler::new().process(&upsampled, &mut returned);
    let bytes: Vec<u8> = returned.into_iter().flat_map(i16::to_le_bytes).collect();
    io::stdout().write_all(&bytes)
}

fn count(level: &str, link: &str, frames: &str) -> io::Result<()> {
    let unknown = || io::Error::from(io::ErrorKind::InvalidInput);
    let level = level_of(level).ok_or_else(unknown)?;
    let frames: u32 = frames.parse().map_err(|_| unknown())?;
    let (mut uplink, mut downlink) = (Uplink::with(level), Downlink::with(level));
    let mut pcm = Vec::with_capacity(962);
    let mut mulaw = Vec::with_capacity(160);
    uplink.process(&SPEECH[..160], &mut pcm);
    for _ in 0..frames {
        match link {
            "uplink" => {
                pcm.clear();
                uplink.process(black_box(&SPEECH[..160]), &mut pcm);
            }
            "downlink" => {
                mulaw.clear();
                downlink.process(black_box(&pcm), &mut mulaw);
            }
            _ => return Err(unknown()),
        }
        black_box((&pcm, &mulaw));
    }
    Ok(())
}

fn level_of(name: &str) -> Option<Level> {
    let best = Level::new();
    match name {
        "best" => Some(best),
        #[cfg(target_arch = "x86_64")]
        "avx2" => best.as_avx2().map(fearless_simd::Simd::level),
        #[cfg(target_arch = "x86_64")]
        "sse2" => best.as_sse2().map(fearless_simd::Simd::level),
        _ => None,
    }
}

/// A person in the middle of a word.
static SPEECH: &[u8] = include_bytes!("../../fixtures/speech/caller-numbers.ulaw")
    .split_at(8000)
    .1;
