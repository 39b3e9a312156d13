//! What people said to one another in a recorded call: each turn written down.

use std::io::{self, Read as _};
use std::time::Duration;

use anyhow::anyhow;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::time::Instant;

use super::house::JobHouse;
use super::spooled_recording::blocking;
use super::worker::{Failure, Next};
use crate::audio::{Loudness, Turn, wav};
use crate::domain::{
    CallLog, CallRecording, JobKind, Money, RecordedTurn, RecordedVoice, RecordingState,
    RecordingTitle, SettingKey,
};
use crate::routing::Route;
use crate::store::jobs::{self, ClaimedJob, NewJob};
use crate::store::{call_recordings, call_routes, calls, recorded_turns, settings};
use crate::transcribe::{Transcriber, Written};

/// A job has some minutes; the rest is for the next one.
const AT_A_TIME: Duration = Duration::from_mins(2);
/// Read from the disk at once.
const BLOCK: u64 = 65_536;
const SAMPLE_BYTES: u64 = 2;

/// Has the recording written down, if anybody wants that. `leg` is the carrier's name for
/// the call that was recorded.
pub(super) async fn ask_for(
    house: &JobHouse,
    title: &RecordingTitle,
    leg: &str,
) -> Result<(), Failure> {
    let call = calls::find(&house.store, title.tenant_id, title.call_id).await?;
    let Some(call) = call else { return Ok(()) };
    if house.transcriber.is_none() || !is_wanted(house, &call).await? {
        return Ok(());
    }
    let now = house.clock.now();
    let job = NewJob {
        kind: JobKind::RecordedWords,
        key: &title.id.to_string(),
        tenant: Some(title.tenant_id),
        payload: leg,
        run_at: now,
    };
    let mut tx = house.store.begin().await?;
    jobs::enqueue(&mut tx, &job, now).await?;
    Ok(tx.commit().await?)
}

/// Whether the call is to be written down, and by the model. Who placed it may have
/// said so of this one.
async fn is_wanted(house: &JobHouse, call: &CallLog) -> Result<bool, Failure> {
    let settings = settings::of_tenant(&house.store, call.tenant_id, call.user_id).await?;
    let wish = call.wishes.transcript;
    let wish = wish.unwrap_or_else(|| settings.truth(SettingKey::AutoTranscribeCalls));
    Ok(wish && settings.transcribes_by("openai"))
}

/// Writes down the recording that the job is named after, from where somebody has
/// got to before.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let (Some(tenant), Ok(id)) = (job.tenant, job.key.parse()) else {
        return Err(Failure::GiveUp(anyhow!("it names no recording")));
    };
    let Some(transcriber) = &house.transcriber else {
        return Ok(Next::Done);
    };
    let row = call_recordings::find(&house.store, tenant, id).await?;
    let row = row.filter(|row| row.state == RecordingState::Kept);
    let Some(CallRecording { title, file, .. }) = row else {
        return Ok(Next::Done);
    };
    let call = calls::find(&house.store, tenant, title.call_id).await?;
    let (Some(call), Some(file)) = (call, file) else {
        return Ok(Next::Done);
    };
    let Some(mut sound) = Sound::open(house, &file).await? else {
        return Ok(Next::Done);
    };
    let route = call_routes::find(&house.store, tenant, call.id).await?;
    let desk = Desk {
        house,
        transcriber,
        title: &title,
        call: &call,
        route: route.as_ref(),
        is_callers: job.payload.is_empty() || job.payload == call.call_sid.as_str(),
    };
    desk.write_down(&mut sound).await
}

/// Who writes a recording down, and what is known of its call.
struct Desk<'a> {
    house: &'a JobHouse,
    transcriber: &'a Transcriber,
    title: &'a RecordingTitle,
    call: &'a CallLog,
    route: Option<&'a Route>,
    /// Whether the call that was recorded is this one, and not that of whoever has taken
    /// the caller out of a queue.
    is_callers: bool,
}

impl Desk<'_> {
    async fn write_down(&self, sound: &mut Sound) -> Result<Next, Failure> {
        let of = (self.call.tenant_id, self.title.id);
        let turns = sound.turns().await?;
        let known = recorded_turns::count(&self.house.store, of).await?;
        let since = Instant::now();
        for (ordinal, turn) in (0..).zip(&turns).skip(known) {
            if since.elapsed() > AT_A_TIME {
                return Ok(Next::Again(self.house.clock.now()));
            }
            let (turn, price) = self.turn(sound, turn).await?;
            let store = &self.house.store;
            if !recorded_turns::put(store, self.title, ordinal, &turn, price).await? {
                // It was deleted meanwhile, or its call was.
                return Ok(Next::Done);
            }
        }
        recorded_turns::finish(&self.house.store, self.title, self.house.clock.now()).await?;
        metrics::counter!("frontdesk_transcripts_total").increment(1);
        Ok(Next::Done)
    }

    /// The turn, and what it cost to have it written down: each is sent by itself.
    async fn turn(
        &self,
        sound: &mut Sound,
        turn: &Turn,
    ) -> Result<(RecordedTurn, Option<Money>), Failure> {
        let wav = sound.cut(turn).await.map_err(Failure::of_storage)?;
        let language = self.route.and_then(|route| route.language.as_deref());
        let Written { words, heard } = self.transcriber.transcribe(wav, language).await?;
        let lasting = sound.span(turn.samples.end - turn.samples.start);
        let now = self.house.clock.now();
        let price = self.transcriber.cost(heard.unwrap_or(lasting), now);
        let began = self.title.started_at.as_ms() - since_ms(self.call);
        let began = Duration::from_millis(u64::try_from(began).unwrap_or_default());
        let turn = RecordedTurn {
            voice: self.voice(sound.head.channels, turn.channel),
            text: words,
            started: began + sound.span(turn.samples.start),
        };
        Ok((turn, price))
    }

    /// The first track is that of the call that was recorded: the caller's, unless a member
    /// has placed the call or taken it.
    fn voice(&self, channels: u16, channel: usize) -> RecordedVoice {
        let is_placed = Route::is_placed_by_member(self.route, self.call.direction);
        let is_members = is_placed || !self.is_callers;
        match (channels, channel == 0) {
            (2, is_first) if is_first != is_members => RecordedVoice::Caller,
            (2, _) => RecordedVoice::Person,
            _ => RecordedVoice::Unknown,
        }
    }
}

/// What the times of a call's words are counted from.
fn since_ms(call: &CallLog) -> i64 {
    call.answered_at.unwrap_or(call.created_at).as_ms()
}

/// A recording that is there.
struct Sound {
    file: File,
    head: wav::Head,
}

impl Sound {
    /// None where somebody has deleted it.
    async fn open(house: &JobHouse, name: &str) -> Result<Option<Self>, Failure> {
        let opened = house.recordings.open_wav(name).await;
        let Some((file, head)) = opened.map_err(Failure::of_storage)? else {
            return Ok(None);
        };
        let unknown = || Failure::GiveUp(anyhow!("it is no WAV file of linear PCM16"));
        let head = head.filter(|head| head.is_pcm16).ok_or_else(unknown)?;
        Ok(Some(Self { file, head }))
    }

    /// The same each time, as it must be for whoever goes on with it.
    async fn turns(&mut self) -> Result<Vec<Turn>, Failure> {
        let file = self.file.try_clone().await.map_err(Failure::of_storage)?;
        let mut file = file.into_std().await;
        let head = self.head;
        blocking(move || {
            io::Seek::seek(&mut file, io::SeekFrom::Start(head.start))?;
            let mut loudness = Loudness::new(head.channels, head.rate);
            let mut sound = file.take(head.length);
            let moment = u64::from(head.channels) * SAMPLE_BYTES;
            let mut block = Vec::new();
            // Blocks of whole moments, but for the last.
            while sound
                .by_ref()
                .take(BLOCK / moment * moment)
                .read_to_end(&mut block)?
                > 0
            {
                loudness.hear(&block);
                block.clear();
            }
            Ok(loudness.turns())
        })
        .await
    }

    /// A turn as a file of its own.
    async fn cut(&mut self, turn: &Turn) -> io::Result<Vec<u8>> {
        let moment = u64::from(self.head.channels) * SAMPLE_BYTES;
        let from = self.head.start + turn.samples.start * moment;
        let length = (turn.samples.end - turn.samples.start) * moment;
        self.file.seek(io::SeekFrom::Start(from)).await?;
        let mut all = Vec::new();
        (&mut self.file).take(length).read_to_end(&mut all).await?;
        let channels = usize::from(self.head.channels);
        let (samples, _) = all.as_chunks::<2>();
        let own = samples.chunks_exact(channels).map(|all| all[turn.channel]);
        wav::mono_pcm16(self.head.rate, own)
    }

    fn span(&self, samples: u64) -> Duration {
        Duration::from_millis(samples.saturating_mul(1_000) / u64::from(self.head.rate))
    }
}
