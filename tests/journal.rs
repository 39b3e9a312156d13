//! The journal gives back in order what was kept, whole or torn, and nobody waits for the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use frontdesk::journal::Journal;
use tempfile::TempDir;
use tokio::time::timeout;

/// Longer than any disk of a test needs.
const LONG: Duration = Duration::from_secs(20);

/// Records of different lengths.
fn record(n: usize) -> Vec<u8> {
    format!("record {n} {}", "-".repeat(n)).into_bytes()
}

async fn keep(journal: &Journal, n: usize) {
    let kept = timeout(LONG, journal.append(record(n))).await;
    kept.unwrap().unwrap().unwrap();
}

/// All that waits, from the oldest on.
async fn take_all(journal: &Journal) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(record) = journal.oldest(1).await.unwrap().pop() {
        all.push(record);
        journal.strike(1).await.unwrap();
    }
    all
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    paths.sort();
    paths
}

/// A file with so many records that nobody holds any more.
async fn left(folder: &Path, records: usize) -> PathBuf {
    let journal = Journal::start(folder).unwrap();
    for n in 0..records {
        keep(&journal, n).await;
    }
    journal.close().await;
    files(folder, ".journal").pop().unwrap()
}

/// The journal of a process that has looked for what another left.
async fn taken_over(folder: &Path) -> Journal {
    let journal = Journal::start(folder).unwrap();
    journal.oldest(1).await.unwrap();
    journal
}

#[tokio::test]
async fn records_come_back_in_order_and_leave_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::start(folder.path().join("journal")).unwrap();
    assert_eq!(journal.oldest(1).await.unwrap(), [[0; 0]; 0]);
    for n in 0..3 {
        keep(&journal, n).await;
    }
    assert_eq!(journal.waiting(), 3);
    assert_eq!(journal.oldest(1).await.unwrap(), [record(0)]);
    assert_eq!(journal.oldest(1).await.unwrap(), [record(0)]);
    journal.strike(1).await.unwrap();
    keep(&journal, 3).await;
    let rest: Vec<_> = (1..4).map(record).collect();
    assert_eq!(journal.oldest(2).await.unwrap(), rest[..2]);
    assert_eq!(journal.oldest(9).await.unwrap(), rest);
    journal.strike(2).await.unwrap();
    assert_eq!(take_all(&journal).await, rest[2..]);
    assert_eq!(journal.waiting(), 0);
    assert!(files(&folder.path().join("journal"), "").is_empty());
    journal.close().await;
}

#[tokio::test]
async fn a_long_journal_is_many_files_that_nobody_else_may_read() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::start(folder.path()).unwrap();
    let long = |n: u8| vec![n; 400_000];
    for n in 0..9 {
        journal.append(long(n)).await.unwrap().unwrap();
    }
    let paths = files(folder.path(), ".journal");
    assert_eq!(paths.len(), 3);
    for path in &paths {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    journal.close().await;
    drop(journal);
    let journal = taken_over(folder.path()).await;
    for n in 0..9 {
        assert_eq!(journal.oldest(1).await.unwrap(), [long(n)]);
        journal.strike(1).await.unwrap();
    }
    assert!(files(folder.path(), "").is_empty());
}

#[tokio::test]
async fn i1_what_is_left_is_found_before_what_is_new_and_only_once_nobody_has_it() {
    let folder = TempDir::new().unwrap();
    let first = Journal::start(folder.path()).unwrap();
    keep(&first, 0).await;
    // As long as its process lives it is nobody else's.
    let second = Journal::start(folder.path()).unwrap();
    keep(&second, 1).await;
    assert_eq!(second.oldest(1).await.unwrap(), [record(1)]);
    first.close().await;
    drop(first);
    timeout(LONG, second.found()).await.unwrap();
    assert_eq!(take_all(&second).await, [record(0), record(1)]);
    assert!(files(folder.path(), "").is_empty());
}

#[tokio::test]
async fn i1_what_is_found_while_another_is_written_is_not_struck_in_its_place() {
    let folder = TempDir::new().unwrap();
    let first = Journal::start(folder.path()).unwrap();
    keep(&first, 0).await;
    let second = Journal::start(folder.path()).unwrap();
    for n in 1..3 {
        keep(&second, n).await;
    }
    assert_eq!(second.oldest(1).await.unwrap(), [record(1)]);
    first.close().await;
    drop(first);
    timeout(LONG, second.found()).await.unwrap();
    second.strike(1).await.unwrap();
    // Whoever strikes twice strikes once.
    second.strike(1).await.unwrap();
    assert_eq!(take_all(&second).await, [record(0), record(2)]);
    assert!(files(folder.path(), "").is_empty());
}

#[tokio::test]
async fn d5_a_journal_torn_at_any_byte_is_good_up_to_its_last_whole_record() {
    let folder = TempDir::new().unwrap();
    let path = left(folder.path(), 4).await;
    let whole = fs::read(&path).unwrap();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let journal = taken_over(folder.path()).await;
        let found = take_all(&journal).await;
        // Length, body, check sum.
        let ends = (0..4).scan(0, |end, n| {
            *end += 4 + record(n).len() + 4;
            Some(*end)
        });
        let good: Vec<_> = ends.filter(|end| *end <= length).collect();
        let expected: Vec<_> = (0..good.len()).map(record).collect();
        assert_eq!(found, expected, "{length}");
        let torn = files(folder.path(), ".torn");
        let tail = &whole[good.last().copied().unwrap_or_default()..length];
        assert_eq!(torn.len(), usize::from(!tail.is_empty()), "{length}");
        for path in torn {
            assert_eq!(fs::read(&path).unwrap(), tail, "{length}");
            fs::remove_file(path).unwrap();
        }
        journal.close().await;
        assert!(files(folder.path(), "").is_empty(), "{length}");
    }
}

#[tokio::test]
async fn d5_a_byte_that_was_changed_ends_what_is_good_and_the_rest_is_set_aside() {
    let folder = TempDir::new().unwrap();
    let path = left(folder.path(), 4).await;
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let journal = taken_over(folder.path()).await;
        let found = take_all(&journal).await;
        let expected: Vec<_> = (0..found.len()).map(record).collect();
        assert_eq!(found, expected, "{at}");
        let [torn] = <[PathBuf; 1]>::try_from(files(folder.path(), ".torn")).unwrap();
        let good: usize = expected.iter().map(|record| record.len() + 8).sum();
        assert!(good <= at, "{at}");
        assert_eq!(fs::read(&torn).unwrap(), bytes[good..], "{at}");
        fs::remove_file(torn).unwrap();
        journal.close().await;
    }
}

#[tokio::test]
async fn d5_a_record_that_goes_bad_meanwhile_is_set_aside_with_what_follows_it() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::start(folder.path()).unwrap();
    for n in 0..3 {
        keep(&journal, n).await;
    }
    journal.oldest(1).await.unwrap();
    journal.strike(1).await.unwrap();
    let path = files(folder.path(), ".journal").pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = 8 + record(0).len() + 6;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(journal.oldest(1).await.unwrap(), [[0; 0]; 0]);
    assert_eq!(journal.waiting(), 0);
    assert_eq!(files(folder.path(), ".torn").len(), 1);
    keep(&journal, 4).await;
    assert_eq!(take_all(&journal).await, [record(4)]);
}

#[tokio::test]
async fn a_record_that_is_of_no_use_is_there_for_a_person() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::start(folder.path()).unwrap();
    for n in 0..2 {
        keep(&journal, n).await;
    }
    journal.oldest(1).await.unwrap();
    journal.set_aside().await.unwrap();
    assert_eq!(take_all(&journal).await, [record(1)]);
    let [path] = <[PathBuf; 1]>::try_from(files(folder.path(), ".refused")).unwrap();
    assert_eq!(fs::read(path).unwrap(), record(0));
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_takes_nothing_with_it() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::start(folder.path()).unwrap();
    for n in (0..40).step_by(2) {
        keep(&journal, n).await;
        drop(journal.append(record(n + 1)));
    }
    let found = take_all(&journal).await;
    let place = |n: usize| found.iter().position(|one| *one == record(n));
    let kept: Vec<_> = (0..40).step_by(2).map(place).collect();
    assert!(kept.iter().all(Option::is_some), "{kept:?}");
    assert!(kept.is_sorted(), "{kept:?}");
}

#[tokio::test]
async fn d3_where_nothing_can_be_written_that_is_told_each_time_until_it_can() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    // A file in the place of the folder.
    fs::write(&path, "").unwrap();
    let journal = Journal::start(&path).unwrap();
    for n in 0..3 {
        let kept = timeout(LONG, journal.append(record(n))).await;
        assert!(kept.unwrap().unwrap().is_err());
    }
    assert_eq!(journal.waiting(), 0);
    fs::remove_file(&path).unwrap();
    keep(&journal, 3).await;
    assert_eq!(take_all(&journal).await, [record(3)]);
    journal.close().await;
}

#[tokio::test]
async fn d3_what_is_refused_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    let journal = Journal::start(folder.path()).unwrap();
    for _ in 0..3 {
        // More than any record may have.
        let kept = journal.append(vec![0; 17 * 1024 * 1024]).await;
        assert!(kept.unwrap().is_err());
        assert!(files(folder.path(), "").is_empty());
    }
    keep(&journal, 0).await;
    let kept = journal.append(vec![0; 17 * 1024 * 1024]).await;
    assert!(kept.unwrap().is_err());
    keep(&journal, 1).await;
    assert_eq!(take_all(&journal).await, [record(0), record(1)]);
    journal.close().await;
}

#[tokio::test]
async fn d4_a_disk_that_hangs_takes_a_few_and_makes_nobody_wait() {
    let folder = TempDir::new().unwrap();
    hang(folder.path());
    let journal = Journal::start(folder.path()).unwrap();
    let mut asked = Vec::new();
    for n in 0..1_000 {
        asked.push(journal.append(record(n)));
    }
    // Who finds no room is told so at once.
    let refused = asked.pop().unwrap().await;
    assert!(refused.is_err());
    let answered = asked.iter_mut().filter_map(|kept| kept.try_recv().ok());
    assert_eq!(
        answered.count(),
        0,
        "nothing is kept, and nothing said to be"
    );
    assert_eq!(journal.waiting(), 0);
}

/// Whoever reads this file waits for ever.
pub(crate) fn hang(folder: &Path) {
    let path = folder.join("000000000001.journal");
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}
