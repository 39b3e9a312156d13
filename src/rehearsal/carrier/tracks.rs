//! Two tracks of telephone sound as one WAV file.

/// Mu-law, 8 kHz, two channels: `left` and `right` side by side.
///
/// The layout is that of RIFF WAVE with format tag 7.
pub(super) fn wav(left: &[u8], right: &[u8]) -> Vec<u8> {
    let frames = left.len().max(right.len());
    let side = |track: &[u8], at: usize| track.get(at).copied().unwrap_or(0xFF);
    let frames_32 = u32::try_from(frames).unwrap_or(u32::MAX / 4);
    let mut file = Vec::with_capacity(58 + frames * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(50 + frames_32 * 2).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&18_u32.to_le_bytes());
    for word in [7_u16, 2] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for word in [8000_u32, 16_000] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for word in [2_u16, 8, 0] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(b"fact");
    file.extend_from_slice(&4_u32.to_le_bytes());
    file.extend_from_slice(&frames_32.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&(frames_32 * 2).to_le_bytes());
    file.extend((0..frames).flat_map(|at| [side(left, at), side(right, at)]));
    file
}
