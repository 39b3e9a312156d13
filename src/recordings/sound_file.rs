//! One sound file of both tracks, the caller left and the receptionist right.

use std::io::{self, Write};

use super::spooled::{Spooled, Summary};

/// What the files are.
#[cfg(not(feature = "opus"))]
pub const CONTENT_TYPE: &str = "audio/wav";
/// What the files are.
#[cfg(feature = "opus")]
pub const CONTENT_TYPE: &str = "audio/ogg";

/// Writes a spool as a sound file: mu-law in WAV, as it was on the line.
///
/// # Errors
/// As the spool and `out` do.
#[cfg(not(feature = "opus"))]
pub fn write_sound(spooled: &Spooled, summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    out.write_all(&crate::audio::wav::mulaw_stereo_header(summary.length)?)?;
    let mut both = Vec::new();
    spooled.tracks(summary.length, |caller, receptionist| {
        both.clear();
        both.extend(
            caller
                .iter()
                .zip(receptionist)
                .flat_map(|(left, right)| [*left, *right]),
        );
        out.write_all(&both)
    })?;
    out.flush()
}

/// Writes a spool as a sound file: Opus in Ogg.
///
/// # Errors
/// As the spool and `out` do.
#[cfg(feature = "opus")]
pub fn write_sound(spooled: &Spooled, summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let mut writer = crate::audio::OpusWriter::new(out)?;
    spooled.tracks(summary.length, |caller, receptionist| {
        writer.write(caller, receptionist)
    })?;
    writer.finish()
}
