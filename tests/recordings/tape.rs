//! What goes on the tape: what the caller said and heard, side by side.

use std::time::{Duration, Instant};

use frontdesk::audio::{Frame, SILENCE, chime};
use frontdesk::call::{CarrierAction, PIECE, Piece, Tape, Track};
use proptest::prelude::*;

const FRAME: usize = 160;

/// A recording, and both tracks as they are when it is over.
struct Reel {
    tape: Tape,
    now: Instant,
    tracks: [Vec<u8>; 2],
    cleared: usize,
}

#[expect(clippy::disallowed_methods, reason = "any moment will do")]
fn some_moment() -> Instant {
    Instant::now()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn sound(byte: u8) -> Frame {
    Frame::new(&[byte; FRAME]).unwrap()
}

impl Reel {
    fn begin() -> Self {
        let now = some_moment();
        Self {
            tape: Tape::new(now),
            now,
            tracks: Default::default(),
            cleared: 0,
        }
    }

    fn wait(&mut self, length: Duration) {
        self.now += length;
    }

    /// The caller's frame with that byte, spoken at `at_ms` of the carrier's time.
    fn hear(&mut self, at_ms: u64, byte: u8) {
        self.tape.hear(Some(ms(at_ms)), &sound(byte), self.now);
        self.collect();
    }

    fn play(&mut self, byte: u8) {
        self.perform(&CarrierAction::Play(sound(byte)));
    }

    fn perform(&mut self, action: &CarrierAction) {
        self.tape.perform(action, self.now);
        self.collect();
    }

    /// Both tracks, as long as they are heard.
    fn end(mut self) -> [Vec<u8>; 2] {
        self.tape.finish(self.now);
        self.collect();
        let length = usize::try_from(self.tape.length(self.now).as_micros() / 125).unwrap();
        for track in &mut self.tracks {
            track.resize(length, SILENCE);
        }
        self.tracks
    }

    fn collect(&mut self) {
        while let Some(snippet) = self.tape.poll_snippet() {
            let at = usize::try_from(snippet.at).unwrap();
            match snippet.what {
                Piece::Sound(track, sound) => {
                    assert!(sound.len() <= PIECE);
                    let track = &mut self.tracks[track as usize];
                    let end = at + sound.len();
                    track.resize(track.len().max(end), SILENCE);
                    track[at..end].copy_from_slice(&sound);
                }
                Piece::Cleared => {
                    self.cleared += 1;
                    self.tracks[Track::Receptionist as usize].truncate(at);
                }
                Piece::Paused | Piece::Resumed | Piece::End => {}
            }
        }
    }
}

/// Where a byte sounds, in milliseconds: from and until.
fn place(track: &[u8], byte: u8) -> Option<(usize, usize)> {
    let from = track.iter().position(|one| *one == byte)?;
    let until = track.iter().rposition(|one| *one == byte)? + 1;
    Some((from / 8, until / 8))
}

#[test]
fn frames_stand_where_they_were_heard_and_spoken() {
    let mut reel = Reel::begin();
    for n in 0..50_u64 {
        reel.wait(ms(20));
        reel.hear(n * 20, 1);
        if n == 24 {
            reel.play(2);
            reel.play(2);
        }
    }
    let [caller, receptionist] = reel.end();
    assert_eq!(place(&caller, 1), Some((0, 1_000)));
    assert_eq!(place(&receptionist, 2), Some((500, 540)));
}

#[test]
fn what_a_clear_throws_away_was_not_heard() {
    let mut reel = Reel::begin();
    for byte in 1..=50 {
        reel.play(byte);
    }
    reel.wait(ms(430));
    reel.perform(&CarrierAction::Clear);
    reel.wait(ms(70));
    reel.play(99);
    reel.wait(ms(500));
    let [_, receptionist] = reel.end();
    assert_eq!(place(&receptionist, 21), Some((400, 420)));
    assert_eq!(place(&receptionist, 22), Some((420, 430)), "it was cut");
    assert_eq!(place(&receptionist, 23), None);
    assert_eq!(place(&receptionist, 99), Some((500, 520)));
}

#[test]
fn what_was_sent_and_not_played_when_the_call_ended_was_not_heard() {
    let mut reel = Reel::begin();
    for _ in 0..100 {
        reel.play(7);
    }
    reel.wait(ms(300));
    let [_, receptionist] = reel.end();
    assert_eq!(receptionist.len(), 2_400);
}

#[test]
fn t6_a_frame_of_a_time_out_of_this_world_follows_the_one_before_it() {
    let mut reel = Reel::begin();
    for (at, byte) in [(0, 1), (u64::MAX, 2), (u64::MAX / 8, 3), (60, 4)] {
        reel.wait(ms(20));
        reel.hear(at, byte);
    }
    let [caller, _] = reel.end();
    let heard: Vec<u8> = caller.chunks(FRAME).map(|frame| frame[0]).collect();
    assert_eq!(heard, [1, 2, 3, 4]);
}

#[test]
fn t6_a_hole_in_the_callers_media_is_silence_and_nothing_moves() {
    let mut reel = Reel::begin();
    for n in (0..10).chain(20..30) {
        let at = n * 20;
        reel.tape.hear(
            Some(ms(at)),
            &sound(1 + u8::try_from(n).unwrap()),
            reel.now + ms(at + 20),
        );
        reel.collect();
    }
    reel.wait(ms(600));
    let [caller, _] = reel.end();
    assert_eq!(place(&caller, 10), Some((180, 200)));
    assert_eq!(place(&caller, SILENCE), Some((200, 400)));
    assert_eq!(place(&caller, 21), Some((400, 420)));
}

#[test]
fn t6_a_burst_after_a_stall_finds_its_place() {
    let mut reel = Reel::begin();
    reel.wait(ms(20));
    reel.hear(0, 1);
    reel.wait(ms(3_000));
    for n in 1..=150 {
        reel.hear(n * 20, 2);
    }
    let [caller, _] = reel.end();
    assert_eq!(place(&caller, 1), Some((0, 20)));
    assert_eq!(place(&caller, 2), Some((20, 3_020)));
    assert_eq!(place(&caller, SILENCE), None);
}

#[test]
fn t6_duplicates_and_swapped_frames_stand_once_and_in_order() {
    let mut reel = Reel::begin();
    reel.wait(ms(20));
    reel.hear(0, 1);
    reel.wait(ms(100));
    for (at, byte) in [(20, 2), (20, 2), (60, 4), (40, 3), (80, 5), (100, 6)] {
        reel.hear(at, byte);
    }
    let [caller, _] = reel.end();
    for n in 1..=6 {
        let at = usize::from(n - 1) * 20;
        assert_eq!(place(&caller, n), Some((at, at + 20)));
    }
}

#[test]
fn t6_a_timestamp_out_of_this_world_does_no_harm() {
    let mut reel = Reel::begin();
    for n in 0..200_u64 {
        reel.wait(ms(20));
        let at = if n == 50 { 3_600_000_000 } else { n * 20 };
        reel.hear(at, 1);
    }
    let [caller, _] = reel.end();
    let holes = caller
        .iter()
        .filter(|byte| [SILENCE].contains(byte))
        .count();
    assert!(holes <= 2 * FRAME, "{holes}");
    assert_eq!(caller.len(), 32_000);
}

#[test]
fn a_pause_holds_nothing_of_either_voice() {
    let mut reel = Reel::begin();
    for n in 0..10 {
        reel.wait(ms(20));
        reel.hear(n * 20, 1);
    }
    // 400 ms are on their way when somebody asks for the pause.
    for _ in 0..20 {
        reel.play(2);
    }
    reel.wait(ms(100));
    reel.tape.pause(reel.now);
    for n in 15..65 {
        reel.wait(ms(20));
        reel.hear(n * 20, 66);
        reel.play(67);
    }
    reel.tape.resume(reel.now);
    // Spoken in the pause, and late.
    reel.hear(64 * 20, 66);
    reel.wait(ms(20));
    reel.hear(65 * 20, 3);
    let [caller, receptionist] = reel.end();
    assert_eq!(place(&caller, 66), None);
    assert_eq!(place(&receptionist, 67), None);
    assert_eq!(place(&caller, 3), Some((1_300, 1_320)));
    assert_eq!(place(&receptionist, 2), Some((200, 300)));
}

#[test]
fn the_chime_is_heard_as_everything_else() {
    let mut reel = Reel::begin();
    reel.wait(ms(500));
    for frame in chime() {
        reel.perform(&CarrierAction::Play(frame));
    }
    reel.wait(ms(2_000));
    let [_, receptionist] = reel.end();
    let whole: Vec<_> = chime().flat_map(|frame| frame.bytes().to_vec()).collect();
    assert_eq!(&receptionist[4_000..4_000 + whole.len()], whole);
}

#[test]
fn a_carrier_whose_clock_runs_slow_is_followed() {
    let mut reel = Reel::begin();
    // A thousandth, which is more than any real one: 600 ms in ten minutes.
    for n in 0..30_000_u64 {
        reel.wait(Duration::from_micros(20_020));
        reel.tape.hear(Some(ms(n * 20)), &sound(1), reel.now);
        reel.collect();
    }
    let length = reel.tape.length(reel.now);
    let caller = &reel.tracks[0];
    let behind = length.as_millis() - u128::try_from(caller.len() / 8).unwrap();
    assert!(behind < 250, "{behind} ms behind");
}

proptest! {
    /// Whatever the network does, a frame stands where it was spoken, as far as
    /// the soonest of them tells, and the tracks are as long as the call.
    #[test]
    fn t6_late_frames_stand_where_they_were_spoken(
        delays in prop::collection::vec(0_u64..400, 20..120),
    ) {
        let began = some_moment();
        let mut reel = Reel::begin();
        let soonest = *delays.iter().min().unwrap();
        // In the order in which they come.
        let spoken = delays.iter().enumerate().map(|(n, delay)| {
            let at = 20 * u64::try_from(n).unwrap();
            (at + 20 + delay, at)
        });
        let mut frames: Vec<_> = spoken.collect();
        frames.sort_unstable();
        let first = reel.now;
        for (comes, at) in &frames {
            reel.now = first + ms(*comes);
            let byte = u8::try_from(at / 20 % 200).unwrap() + 1;
            reel.hear(*at, byte);
        }
        prop_assert!(reel.now >= began);
        // Those that came behind the soonest are where they belong.
        let settled = frames.iter().position(|(comes, at)| comes - at - 20 == soonest).unwrap();
        let [caller, _] = reel.end();
        for (_, at) in frames.iter().skip(settled) {
            let begin = usize::try_from(at + soonest).unwrap() * 8;
            let byte = u8::try_from(at / 20 % 200).unwrap() + 1;
            prop_assert_eq!(caller[begin + 80], byte);
        }
    }
}
