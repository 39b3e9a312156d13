//! What was spooled becomes a file, and goes when its time has come.

use std::fs;
use std::sync::atomic::Ordering;

use frontdesk::call::{Piece, Snippet, Track};
use frontdesk::domain::{
    CallId, CallRecording, Consent, ConsentAnswer, ConsentPolicy, Entry, Lock, Pii, RecordingFault,
    RecordingId, RecordingState, RecordingTitle, SettingKey, SettingValue,
};
use frontdesk::recordings::{Recordings, Spool};
use frontdesk::store::{call_recordings, calls, settings};

use super::desk::{DAY, Desk, HOUR, MINUTE, at};
use crate::support::database::on_each_database;

fn title(desk: &Desk, call: CallId) -> RecordingTitle {
    RecordingTitle {
        id: desk.clock.new_id(),
        tenant_id: desk.tenant,
        call_id: call,
        started_at: desk.clock.now(),
        consent: Consent {
            policy: ConsentPolicy::Verbal,
            answer: ConsentAnswer::Agreed,
            words: Some(Pii::new("yes".to_owned())),
            at: desk.clock.now(),
        },
    }
}

/// A second of a call, spooled.
async fn spool(desk: &Desk, title: &RecordingTitle) {
    let folder = Recordings::at(desk.folder.path()).spool_folder();
    let spool = Spool::start(folder).unwrap();
    let mut writer = spool.begin(title.clone()).unwrap();
    for n in 0..10 {
        writer.keep(Snippet {
            at: n * 800,
            clock: (n + 1) * 800,
            what: Piece::Sound(Track::Caller, vec![7; 800]),
        });
    }
    writer.keep(Snippet {
        at: 8_000,
        clock: 8_000,
        what: Piece::End,
    });
    drop(writer);
    spool.close().await;
}

async fn end(desk: &Desk, title: &RecordingTitle, fault: Option<RecordingFault>) {
    let mut tx = desk.store.begin().await.unwrap();
    let ended = call_recordings::end(&mut tx, title, fault, desk.clock.now()).await;
    ended.unwrap();
    tx.commit().await.unwrap();
}

async fn found(desk: &Desk, id: RecordingId) -> Option<CallRecording> {
    let found = call_recordings::find(&desk.store, desk.tenant, id).await;
    found.unwrap()
}

/// A member deletes it.
async fn delete(desk: &Desk, recording: &CallRecording) {
    let mut tx = desk.store.begin().await.unwrap();
    let (why, now) = (RecordingFault::Deleted, desk.clock.now());
    let deleted = call_recordings::delete(&mut tx, recording, why, now).await;
    assert!(deleted.unwrap());
    tx.commit().await.unwrap();
}

/// A recording whose file is there.
async fn kept(desk: &Desk, call: CallId) -> CallRecording {
    let title = title(desk, call);
    call_recordings::begin(&desk.store, &title).await.unwrap();
    spool(desk, &title).await;
    end(desk, &title, None).await;
    desk.jobs.run_due().await.unwrap();
    let kept = found(desk, title.id).await.unwrap();
    assert_eq!(kept.state, RecordingState::Kept);
    kept
}

fn is_on_disk(desk: &Desk, recording: &CallRecording) -> bool {
    let file = recording.file.as_deref().unwrap();
    desk.folder.path().join(file).exists()
}

#[tokio::test]
async fn i6_a_recording_ends_as_a_file_and_a_row_that_says_how_it_was_made() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        let recording = kept(&desk, call.id).await;
        assert!(is_on_disk(&desk, &recording));
        assert_eq!(recording.duration_ms, Some(1_000));
        assert_eq!((recording.fault, recording.lost_ms), (None, 0));
        assert_eq!(recording.title.consent.words.unwrap().expose(), "yes");
        let listed = call_recordings::list_of_call(&desk.store, desk.tenant, call.id).await;
        assert_eq!(listed.unwrap().len(), 1);
        // A neighbour has no part in it.
        let other = desk.clock.new_id();
        desk.add_tenant(other, "UTC").await;
        let id = recording.title.id;
        let theirs = call_recordings::find(&desk.store, other, id).await;
        assert_eq!(theirs.unwrap(), None);
        let theirs = call_recordings::list_of_call(&desk.store, other, call.id).await;
        assert_eq!(theirs.unwrap(), []);
        call_recordings::fail(&desk.store, (other, id), RecordingFault::Lost)
            .await
            .unwrap();
        assert_eq!(found(&desk, id).await.unwrap().fault, None);
    })
    .await;
}

#[tokio::test]
async fn i6_a_recording_without_a_spool_says_why_there_is_no_file() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        let (full, lost) = (title(&desk, call.id), title(&desk, call.id));
        end(&desk, &full, Some(RecordingFault::DiskFull)).await;
        end(&desk, &lost, None).await;
        desk.jobs.run_due().await.unwrap();
        let full = found(&desk, full.id).await.unwrap();
        assert_eq!(
            (full.state, full.fault),
            (RecordingState::Failed, Some(RecordingFault::DiskFull))
        );
        // It may be at another process, which takes the job sooner or later.
        let state = found(&desk, lost.id).await.unwrap().state;
        assert_eq!(state, RecordingState::Finalising);
        desk.after(25 * HOUR).await;
        let lost = found(&desk, lost.id).await.unwrap();
        assert_eq!(
            (lost.state, lost.fault),
            (RecordingState::Failed, Some(RecordingFault::Lost))
        );
    })
    .await;
}

#[tokio::test]
async fn d3_what_another_process_found_no_spool_of_is_made_where_the_spool_is() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        let (full, lost, unwanted) = (
            title(&desk, call.id),
            title(&desk, call.id),
            title(&desk, call.id),
        );
        end(&desk, &full, Some(RecordingFault::DiskFull)).await;
        end(&desk, &lost, None).await;
        end(&desk, &unwanted, None).await;
        // As by a process with a folder of its own.
        desk.after(25 * HOUR).await;
        for title in [&full, &lost, &unwanted] {
            let state = found(&desk, title.id).await.unwrap().state;
            assert_eq!(state, RecordingState::Failed);
            spool(&desk, title).await;
        }
        delete(&desk, &found(&desk, unwanted.id).await.unwrap()).await;
        desk.house.take_up_left_spools().await.unwrap();
        for (title, fault) in [(&full, Some(RecordingFault::DiskFull)), (&lost, None)] {
            let made = found(&desk, title.id).await.unwrap();
            assert_eq!((made.state, made.fault), (RecordingState::Kept, fault));
            assert!(is_on_disk(&desk, &made));
        }
        let state = found(&desk, unwanted.id).await.unwrap().state;
        assert_eq!((state, spooled(&desk)), (RecordingState::Deleted, 0));
    })
    .await;
}

#[tokio::test]
async fn d3_a_file_that_finds_no_room_is_made_when_there_is_some() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        let title = title(&desk, call.id);
        spool(&desk, &title).await;
        end(&desk, &title, None).await;
        // A file stands where the folder of the tenant would be.
        let stone = desk.folder.path().join(desk.tenant.to_string());
        fs::write(&stone, "").unwrap();
        desk.jobs.run_due().await.unwrap();
        let state = found(&desk, title.id).await.unwrap().state;
        assert_eq!(state, RecordingState::Finalising);
        fs::remove_file(&stone).unwrap();
        desk.after(10 * MINUTE).await;
        let recording = found(&desk, title.id).await.unwrap();
        assert_eq!(recording.state, RecordingState::Kept);
        assert!(is_on_disk(&desk, &recording));
    })
    .await;
}

#[tokio::test]
async fn d5_a_spool_whose_title_cannot_be_read_is_set_aside() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        let title = title(&desk, call.id);
        let folder = Recordings::at(desk.folder.path()).spool_folder();
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{}.spool", title.id));
        fs::write(&path, "no spool at all").unwrap();
        end(&desk, &title, None).await;
        desk.jobs.run_due().await.unwrap();
        let recording = found(&desk, title.id).await.unwrap();
        assert_eq!(
            (recording.state, recording.fault),
            (RecordingState::Failed, Some(RecordingFault::Lost))
        );
        assert!(!path.exists() && path.with_extension("torn").exists());
    })
    .await;
}

/// How many spools there are.
fn spooled(desk: &Desk) -> usize {
    let folder = Recordings::at(desk.folder.path()).spool_folder();
    fs::read_dir(&folder).unwrap().count()
}

#[tokio::test]
async fn p2_what_a_dead_process_has_spooled_is_taken_up_unless_the_call_is_forgotten() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let (call, gone) = (desk.call(1).await, desk.call(2).await);
        let (known, forgotten) = (title(&desk, call.id), title(&desk, gone.id));
        for title in [&known, &forgotten] {
            spool(&desk, title).await;
        }
        desk.ended(&gone, 60).await;
        assert!(desk.forget(gone.id).await);
        assert_eq!(desk.house.take_up_left_spools().await.unwrap(), 0);
        desk.jobs.run_due().await.unwrap();
        let recording = found(&desk, known.id).await.unwrap();
        assert_eq!(recording.state, RecordingState::Kept);
        assert_eq!(found(&desk, forgotten.id).await, None);
        assert_eq!(spooled(&desk), 0);
    })
    .await;
}

#[tokio::test]
async fn d2_i6_what_was_recorded_of_a_call_that_the_database_does_not_know_is_kept_for_it() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let late = desk.new_call(1);
        let (known, unknown) = (title(&desk, late.id), title(&desk, desk.clock.new_id()));
        for title in [&known, &unknown] {
            spool(&desk, title).await;
        }
        let look = async || desk.house.take_up_left_spools().await.unwrap();
        assert_eq!(look().await, 0, "they have just begun");
        // The database takes nothing: its entry is in the journal.
        desk.is_behind.store(true, Ordering::Relaxed);
        desk.after(DAY).await;
        assert_eq!((look().await, spooled(&desk)), (0, 2));
        desk.is_behind.store(false, Ordering::Relaxed);
        assert_eq!((look().await, spooled(&desk)), (2, 2));
        let made = calls::find_or_create(&desk.store, &late).await;
        assert!(made.unwrap().1);
        assert_eq!(look().await, 1);
        desk.jobs.run_due().await.unwrap();
        let recording = found(&desk, known.id).await.unwrap();
        assert_eq!(recording.state, RecordingState::Kept);
        assert!(is_on_disk(&desk, &recording));
        // What nobody tells of is kept as long as any recording.
        desk.after(88 * DAY).await;
        assert_eq!((look().await, spooled(&desk)), (1, 1));
        desk.after(2 * DAY).await;
        desk.is_behind.store(true, Ordering::Relaxed);
        assert_eq!((look().await, spooled(&desk)), (0, 1));
        desk.is_behind.store(false, Ordering::Relaxed);
        assert_eq!((look().await, spooled(&desk)), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn p2_a_recording_of_which_nothing_was_written_ends_with_a_reason() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        let title = title(&desk, call.id);
        call_recordings::begin(&desk.store, &title).await.unwrap();
        desk.after(HOUR).await;
        desk.house.take_up_left_spools().await.unwrap();
        let state = found(&desk, title.id).await.unwrap().state;
        assert_eq!(state, RecordingState::Recording, "its call goes on");
        desk.ended(&call, 60).await;
        desk.house.take_up_left_spools().await.unwrap();
        desk.after(25 * HOUR).await;
        let lost = found(&desk, title.id).await.unwrap();
        assert_eq!(
            (lost.state, lost.fault),
            (RecordingState::Failed, Some(RecordingFault::Lost))
        );
    })
    .await;
}

/// Recordings and calls are kept for so many days.
async fn keep_for(desk: &Desk, recordings: i64, calls: i64) {
    for (key, days) in [
        (SettingKey::RecordingRetentionDays, recordings),
        (SettingKey::CallRetentionDays, calls),
    ] {
        let entry = Entry {
            value: SettingValue::Whole(days),
            lock: Lock::Unlocked,
        };
        let set = settings::put_tenant(&desk.store, desk.tenant, key, (&entry, at(0))).await;
        set.unwrap();
    }
}

async fn is_logged(desk: &Desk, call: CallId) -> bool {
    let found = calls::find(&desk.store, desk.tenant, call).await;
    found.unwrap().is_some()
}

const ROWS: &str = "SELECT COUNT(*) FROM call_recordings";

#[tokio::test]
async fn recordings_go_when_their_time_has_come_and_calls_after_them() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        keep_for(&desk, 5, 9).await;
        let call = desk.call(1).await;
        desk.ended(&call, 60).await;
        let old = kept(&desk, call.id).await;
        desk.after(4 * DAY).await;
        assert!(is_on_disk(&desk, &old));
        desk.after(2 * DAY).await;
        assert!(!is_on_disk(&desk, &old));
        let left = found(&desk, old.title.id).await.unwrap();
        assert_eq!(
            (left.state, left.fault),
            (RecordingState::Deleted, Some(RecordingFault::Expired))
        );
        assert_eq!(left.title.consent.words, None);
        // A recording that is young holds its call.
        let young = kept(&desk, call.id).await;
        desk.after(4 * DAY).await;
        assert!(is_on_disk(&desk, &young) && is_logged(&desk, call.id).await);
        desk.after(2 * DAY).await;
        assert!(!is_on_disk(&desk, &young) && !is_logged(&desk, call.id).await);
        assert_eq!(db.number(ROWS).await, 0);
    })
    .await;
}

#[tokio::test]
async fn p2_a_file_that_was_made_and_whose_recording_is_deleted_before_it_is_known_goes() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        for is_forgotten in [false, true] {
            let call = desk.call(1 + u32::from(is_forgotten)).await;
            desk.ended(&call, 60).await;
            let title = title(&desk, call.id);
            spool(&desk, &title).await;
            end(&desk, &title, None).await;
            // The process died between the file and its row.
            let file = desk.folder.path().join(title.own_file());
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "sound").unwrap();
            let recording = found(&desk, title.id).await.unwrap();
            assert_eq!(recording.state, RecordingState::Finalising);
            if is_forgotten {
                assert!(desk.forget(call.id).await);
            } else {
                delete(&desk, &recording).await;
            }
            desk.after(MINUTE).await;
            assert!(!file.exists());
            assert_eq!(spooled(&desk), 0);
        }
    })
    .await;
}

#[tokio::test]
async fn i6_recordings_are_kept_for_their_own_days_where_calls_have_fewer() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        keep_for(&desk, 365, 90).await;
        let (call, bare, lost) = (desk.call(1).await, desk.call(2).await, desk.call(3).await);
        for call in [&call, &bare, &lost] {
            desk.ended(call, 60).await;
        }
        let recording = kept(&desk, call.id).await;
        end(&desk, &title(&desk, lost.id), None).await;
        desk.after(91 * DAY).await;
        assert!(is_on_disk(&desk, &recording) && is_logged(&desk, call.id).await);
        // One without a file holds nothing.
        desk.after(DAY).await;
        for call in [&bare, &lost] {
            assert!(!is_logged(&desk, call.id).await, "{}", call.call_sid);
        }
        // One whose file is being made may still be kept.
        let made = desk.call(4).await;
        desk.ended(&made, 60).await;
        desk.clock.advance_ms(91 * DAY);
        end(&desk, &title(&desk, made.id), None).await;
        desk.jobs.run_due().await.unwrap();
        assert!(is_logged(&desk, made.id).await);
        // Whichever of the jobs is first: it has failed a day later.
        desk.after(183 * DAY).await;
        assert!(!is_on_disk(&desk, &recording));
        desk.after(DAY).await;
        for call in [&call, &made] {
            assert!(!is_logged(&desk, call.id).await, "{}", call.call_sid);
        }
        assert_eq!(db.number(ROWS).await, 0);
    })
    .await;
}

#[tokio::test]
async fn whoever_deletes_a_call_deletes_its_recordings_whatever_their_age() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        keep_for(&desk, 365, 90).await;
        let call = desk.call(1).await;
        desk.ended(&call, 60).await;
        let recording = kept(&desk, call.id).await;
        assert!(desk.forget(call.id).await);
        desk.after(0).await;
        assert!(!is_on_disk(&desk, &recording));
        assert_eq!(db.number(ROWS).await, 0);
    })
    .await;
}
