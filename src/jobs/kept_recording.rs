//! What becomes of a recording: its file is there, or never will be.

use super::house::JobHouse;
use super::worker::Failure;
use crate::domain::{RecordingFault, RecordingTitle};
use crate::store::call_recordings::{self, KeptFile};

/// The file of the recording is there, unless somebody has deleted the recording
/// meanwhile.
pub(super) async fn keep(
    house: &JobHouse,
    title: &RecordingTitle,
    file: &KeptFile<'_>,
) -> Result<(), Failure> {
    let of = (title.tenant_id, title.id);
    if call_recordings::keep(&house.store, of, file).await? {
        note(
            title,
            if file.fault.is_none() {
                "kept"
            } else {
                "kept_in_part"
            },
        );
        return Ok(());
    }
    // Who deleted it meanwhile did not find the file.
    let removed = house.recordings.delete(file.name).await;
    removed.map_err(Failure::of_storage)
}

/// There will never be a file.
pub(super) async fn fail(
    house: &JobHouse,
    title: &RecordingTitle,
    why: RecordingFault,
) -> Result<(), Failure> {
    call_recordings::fail(&house.store, (title.tenant_id, title.id), why).await?;
    note(title, "failed");
    Ok(())
}

fn note(title: &RecordingTitle, outcome: &'static str) {
    metrics::counter!("frontdesk_recordings_total", "outcome" => outcome).increment(1);
    tracing::info!(call.id = %title.call_id, recording.id = %title.id, outcome, "recording.done");
}
