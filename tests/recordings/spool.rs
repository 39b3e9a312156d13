//! What was spooled is read again, whole or torn, and no call waits for the disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use frontdesk::audio::SILENCE;
use frontdesk::call::{Piece, Snippet, Track};
use frontdesk::clock::Clock;
use frontdesk::domain::{
    Consent, ConsentAnswer, ConsentPolicy, Pause, Pii, RecordingFault, RecordingId, RecordingTitle,
    Timestamp,
};
use frontdesk::recordings::{Opened, Spool, SpoolWriter, Spooled, Summary, write_sound};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

fn title() -> RecordingTitle {
    let clock = Clock::system();
    RecordingTitle {
        id: clock.new_id(),
        tenant_id: clock.new_id(),
        call_id: clock.new_id(),
        started_at: Timestamp::from_ms(1_763_717_400_000),
        consent: Consent {
            policy: ConsentPolicy::Verbal,
            answer: ConsentAnswer::Agreed,
            words: Some(Pii::new("Ja,\ngerne".to_owned())),
            at: Timestamp::from_ms(1_763_717_399_000),
        },
    }
}

/// A piece of 100 ms that begins at `n` times as much.
fn piece(track: Track, n: u64, byte: u8) -> Snippet {
    Snippet {
        at: n * 800,
        clock: (n + 1) * 800,
        what: Piece::Sound(track, vec![byte; 800]),
    }
}

fn mark(at: u64, what: Piece) -> Snippet {
    Snippet {
        at,
        clock: at,
        what,
    }
}

/// So many tenths of a second of both voices, and the end.
async fn written(folder: &Path, tenths: u8) -> RecordingTitle {
    let spool = Spool::start(folder).unwrap();
    let title = title();
    let mut writer = spool.begin(title.clone()).unwrap();
    for n in 0..tenths {
        writer.keep(piece(Track::Caller, n.into(), n + 1));
        writer.keep(piece(Track::Receptionist, n.into(), n + 101));
    }
    writer.keep(mark(u64::from(tenths) * 800, Piece::End));
    drop(writer);
    spool.close().await;
    title
}

fn left(folder: &Path, id: RecordingId) -> Spooled {
    match Spooled::open(folder, id).unwrap() {
        Opened::Left(spooled) => spooled,
        Opened::InUse => panic!("somebody has it"),
        Opened::Missing => panic!("nobody wrote it"),
    }
}

#[tokio::test]
async fn p2_a_recording_that_begins_is_never_taken_for_one_that_was_left() {
    const RECORDINGS: usize = 200;
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_owned();
    let begun = Arc::new(AtomicBool::new(true));
    let goes_on = Arc::clone(&begun);
    let peer = spawn_blocking(move || {
        let mut left = 0;
        while goes_on.load(Ordering::Relaxed) {
            for id in Spooled::list(&path).unwrap() {
                let opened = Spooled::open(&path, id).unwrap();
                left += usize::from(matches!(opened, Opened::Left(_)));
            }
        }
        left
    });
    let spool = Spool::start(folder.path()).unwrap();
    let mut writers = Vec::new();
    for _ in 0..RECORDINGS {
        writers.extend(spool.begin(title()));
        sleep(Duration::from_millis(1)).await;
    }
    let are_there = || Spooled::list(folder.path()).unwrap().len() == writers.len();
    while !are_there() {
        sleep(Duration::from_millis(1)).await;
    }
    begun.store(false, Ordering::Relaxed);
    assert_eq!(peer.await.unwrap(), 0);
    drop(writers);
    spool.close().await;
}

fn tracks(spooled: &Spooled, summary: &Summary) -> [Vec<u8>; 2] {
    let mut both = [Vec::new(), Vec::new()];
    let read = spooled.tracks(summary.length, |caller, receptionist| {
        both[0].extend_from_slice(caller);
        both[1].extend_from_slice(receptionist);
        Ok(())
    });
    read.unwrap();
    both
}

#[tokio::test]
async fn what_was_spooled_is_read_as_it_was() {
    let folder = TempDir::new().unwrap();
    let title = written(folder.path(), 20).await;
    assert_eq!(Spooled::list(folder.path()).unwrap(), [title.id]);
    let spooled = left(folder.path(), title.id);
    let summary = spooled.summary().unwrap();
    assert_eq!(summary.title, Some(title));
    assert_eq!((summary.length, summary.lost, summary.torn), (16_000, 0, 0));
    assert!(summary.is_ended && summary.pauses.is_empty());
    let [caller, receptionist] = tracks(&spooled, &summary);
    assert_eq!((caller.len(), receptionist.len()), (16_000, 16_000));
    assert!((0..20).all(|n| caller[n * 800..][..800] == vec![u8::try_from(n).unwrap() + 1; 800]));
    assert_eq!(receptionist[15_999], 120);
}

#[tokio::test]
async fn d5_a_spool_torn_at_any_byte_is_good_up_to_its_last_whole_record() {
    let folder = TempDir::new().unwrap();
    let title = written(folder.path(), 3).await;
    let path = folder.path().join(format!("{}.spool", title.id));
    let whole = fs::read(&path).unwrap();
    let mut longest = 0;
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let spooled = left(folder.path(), title.id);
        let summary = spooled.summary().unwrap();
        assert!(summary.length >= longest, "{length}");
        longest = summary.length;
        // A record of 100 ms takes 825 bytes; the caller's comes first.
        assert!(summary.torn <= 825, "{length}: {}", summary.torn);
        assert_eq!(summary.is_ended, length == whole.len());
        let [caller, _] = tracks(&spooled, &summary);
        let tenths = caller.chunks(800).enumerate();
        for (n, tenth) in tenths {
            assert_eq!(tenth, vec![u8::try_from(n).unwrap() + 1; 800], "{length}");
        }
    }
    assert_eq!(longest, 2_400);
}

#[tokio::test]
async fn d5_a_byte_that_was_changed_ends_what_is_good() {
    let folder = TempDir::new().unwrap();
    let title = written(folder.path(), 3).await;
    let path = folder.path().join(format!("{}.spool", title.id));
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let spooled = left(folder.path(), title.id);
        let summary = spooled.summary().unwrap();
        assert!(!summary.is_ended && summary.torn > 0, "{at}");
        let [caller, receptionist] = tracks(&spooled, &summary);
        let good = |byte: &u8| [1, 2, 3, 101, 102, 103, SILENCE].contains(byte);
        assert!(caller.iter().chain(&receptionist).all(good), "{at}");
    }
}

#[tokio::test]
async fn pieces_in_any_order_stand_in_their_places() {
    let folder = TempDir::new().unwrap();
    let spool = Spool::start(folder.path()).unwrap();
    let title = title();
    let mut writer = spool.begin(title.clone()).unwrap();
    // 60 s, and one piece in the middle comes 20 s late.
    for n in (0..600).filter(|n| *n != 300) {
        writer.keep(piece(Track::Caller, n, 1));
        if n == 500 {
            let clock = 501 * 800;
            writer.keep(Snippet {
                clock,
                ..piece(Track::Caller, 300, 2)
            });
        }
    }
    let ahead = Snippet {
        clock: 480_000,
        ..piece(Track::Receptionist, 605, 3)
    };
    writer.keep(ahead);
    writer.keep(mark(480_000, Piece::Cleared));
    writer.keep(mark(480_000, Piece::Paused));
    writer.keep(mark(488_000, Piece::Resumed));
    writer.keep(mark(496_000, Piece::End));
    drop(writer);
    spool.close().await;
    let spooled = left(folder.path(), title.id);
    let summary = spooled.summary().unwrap();
    let pause = Pause {
        from_ms: 60_000,
        until_ms: 61_000,
    };
    assert_eq!(summary.pauses, [pause]);
    let [caller, receptionist] = tracks(&spooled, &summary);
    assert_eq!(caller.len(), 496_000);
    assert_eq!(caller[240_000..240_800], [2; 800]);
    assert!(
        caller[..240_000]
            .iter()
            .chain(&caller[240_800..480_000])
            .all(|byte| *byte == 1)
    );
    assert!(
        receptionist.iter().all(|byte| *byte == SILENCE),
        "it was cleared"
    );
}

#[cfg(not(feature = "opus"))]
#[tokio::test]
async fn the_file_is_mu_law_in_two_channels() {
    let folder = TempDir::new().unwrap();
    let title = written(folder.path(), 10).await;
    let spooled = left(folder.path(), title.id);
    let summary = spooled.summary().unwrap();
    let mut file = Vec::new();
    write_sound(&spooled, &summary, &mut file).unwrap();
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!((&file[..4], &file[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    assert_eq!(usize::try_from(number(4)).unwrap(), file.len() - 8);
    assert_eq!((number(20), number(24)), (0x0002_0007, 8_000));
    assert_eq!((&file[50..54], number(54)), (&b"data"[..], 16_000));
    assert_eq!(file[58..62], [1, 101, 1, 101]);
    assert_eq!(file.len(), 58 + 16_000);
}

#[cfg(feature = "opus")]
#[tokio::test]
async fn the_file_is_opus_in_two_channels() {
    use audiopus::coder::Decoder;
    use audiopus::{Channels, SampleRate};

    let folder = TempDir::new().unwrap();
    let title = written(folder.path(), 10).await;
    let spooled = left(folder.path(), title.id);
    let summary = spooled.summary().unwrap();
    let mut file = Vec::new();
    write_sound(&spooled, &summary, &mut file).unwrap();
    assert!(file.len() < 8_000, "{}", file.len());
    let mut packets = ogg::PacketReader::new(std::io::Cursor::new(&file));
    let head = packets.read_packet().unwrap().unwrap();
    assert_eq!((&head.data[..8], head.data[9]), (&b"OpusHead"[..], 2));
    let skip = u64::from(u16::from_le_bytes([head.data[10], head.data[11]]));
    let tags = packets.read_packet().unwrap().unwrap();
    assert_eq!(&tags.data[..8], b"OpusTags");
    let mut decoder = Decoder::new(SampleRate::Hz8000, Channels::Stereo).unwrap();
    let (mut samples, mut end) = (0, 0);
    while let Some(packet) = packets.read_packet().unwrap() {
        let mut sound = [0_i16; 2 * 960];
        samples += decoder
            .decode(
                Some((&packet.data).try_into().unwrap()),
                (&mut sound[..]).try_into().unwrap(),
                false,
            )
            .unwrap();
        end = packet.absgp_page();
    }
    assert_eq!(end - skip, 48_000, "a second, by a player's count");
    assert!(samples >= 8_000, "{samples}");
}

#[tokio::test]
async fn while_it_is_written_nobody_takes_a_spool_for_left_behind() {
    let folder = TempDir::new().unwrap();
    let spool = Spool::start(folder.path()).unwrap();
    let title = title();
    let mut writer = spool.begin(title.clone()).unwrap();
    writer.keep(piece(Track::Caller, 0, 1));
    let there = async {
        while matches!(
            Spooled::open(folder.path(), title.id).unwrap(),
            Opened::Missing
        ) {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), there).await.unwrap();
    let opened = Spooled::open(folder.path(), title.id).unwrap();
    assert!(matches!(opened, Opened::InUse), "{opened:?}");
    drop(writer);
    spool.close().await;
    let summary = left(folder.path(), title.id).summary().unwrap();
    assert_eq!((summary.length, summary.is_ended), (800, false));
}

#[tokio::test]
async fn d3_a_full_disk_ends_the_recording_and_says_why() {
    let folder = TempDir::new().unwrap();
    let title = title();
    // A disk that is full, in the place of the file.
    let path = folder.path().join(format!("{}.new", title.id));
    std::os::unix::fs::symlink("/dev/full", path).unwrap();
    let spool = Spool::start(folder.path()).unwrap();
    let mut writer = spool.begin(title).unwrap();
    let told = async {
        let mut n = 0;
        while writer.fault().is_none() {
            writer.keep(piece(Track::Caller, n, 1));
            n += 1;
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), told).await.unwrap();
    assert_eq!(writer.fault(), Some(RecordingFault::DiskFull));
    spool.close().await;
}

/// A disk that hangs over the first recording, and so much of the second that nothing more
/// can wait for it.
fn stuck(folder: &Path) -> (Spool, [SpoolWriter; 2], RecordingId, impl FnOnce()) {
    let first = title();
    // Whoever opens a pipe for writing waits until somebody reads it.
    let path = folder.join(format!("{}.new", first.id));
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let spool = Spool::start(folder).unwrap();
    let stuck = spool.begin(first).unwrap();
    let other = title();
    let mut writer = spool.begin(other.clone()).unwrap();
    // More than can wait: this would never end if it waited.
    for n in 0..20_000 {
        writer.keep(piece(Track::Caller, n, 1));
    }
    writer.keep(mark(16_000_000, Piece::Cleared));
    let is_back = move || {
        std::thread::spawn(move || {
            let mut pipe = fs::File::open(path).unwrap();
            std::io::copy(&mut pipe, &mut std::io::sink()).unwrap();
        });
    };
    (spool, [stuck, writer], other.id, is_back)
}

#[tokio::test]
async fn i6_a_call_that_ends_while_a_disk_hangs_has_its_end_in_the_file() {
    let folder = TempDir::new().unwrap();
    let (spool, [stuck, mut writer], id, is_back) = stuck(folder.path());
    writer.keep(mark(16_000_000, Piece::End));
    drop((writer, stuck));
    is_back();
    spool.close().await;
    let summary = left(folder.path(), id).summary().unwrap();
    assert!(summary.is_ended && summary.lost > 0, "{summary:?}");
}

#[tokio::test]
async fn i8_a_disk_that_hangs_makes_nobody_wait_and_what_is_lost_is_counted() {
    let folder = TempDir::new().unwrap();
    let (spool, [stuck, mut writer], id, is_back) = stuck(folder.path());
    is_back();
    let empty = async {
        while Spooled::list(folder.path()).unwrap().len() < 2 {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_millis(200)).await;
    };
    timeout(Duration::from_secs(5), empty).await.unwrap();
    writer.keep(mark(16_000_000, Piece::End));
    drop(writer);
    drop(stuck);
    spool.close().await;
    let summary = left(folder.path(), id).summary().unwrap();
    assert!(summary.is_ended);
    let kept = 16_384 * 800;
    assert!(
        summary.lost > 0 && summary.lost <= 16_000_000 - kept + 2 * 800,
        "{}",
        summary.lost
    );
}
