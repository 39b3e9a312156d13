//! What the carrier tells of calls and messages, once or never: it is kept whatever is away.

use std::time::Duration;

use super::feed::Feed;
use super::note::{Note, Of, Opened};
use super::registry::Bridge;
use super::stands::CallStands;
use crate::domain::{
    AnsweredBy, CallId, CallSid, Direction, MessageId, MessageSound, OptOut, OptOutSource, Party,
    Pii, RecordingTitle, SmsId, SmsMedia, SmsState, TenantId, Timestamp, UserId, Wish,
};
use crate::routing::Route;
use crate::store::calls::{self, NewCall};
use crate::store::sms_messages::{self, NewSms};
use crate::store::voicemail_messages as messages;
use crate::store::{self, Store, Tx, carrier_recordings, forgotten_calls, numbers, sms_opt_outs};

/// Something that the carrier tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// How a call stands.
    Stands(CallStands),
    /// What became of the recording of a message.
    Message(MessageNews),
    /// What became of a recording that the carrier has made of a call.
    Recorded(CallRecorded),
    /// A text message came.
    Text(TextCame),
    /// How a text message of ours stands.
    TextStands(TextStands),
}

/// What became of the recording of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageNews {
    /// The message's name, if it is new.
    pub id: MessageId,
    /// In which call it was left.
    pub call_sid: CallSid,
    /// The carrier's name for the recording.
    pub recording_sid: String,
    /// Whom it is for, if for one member.
    pub user: Option<UserId>,
    /// Whether there is anything to hear.
    pub sound: MessageSound,
    /// How long it is, in seconds.
    pub duration_s: Option<i64>,
    /// Where the carrier keeps the sound.
    pub url: Option<String>,
    /// What was said.
    pub words: Option<Pii<String>>,
    /// When we were told.
    pub at: Timestamp,
}

/// What became of a recording that the carrier has made of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecorded {
    /// Which recording of which call, should it be new, and on what ground.
    pub title: RecordingTitle,
    /// The carrier's name for it.
    pub recording_sid: String,
    /// The carrier's name for the call that it recorded: the caller's, or that of whoever
    /// took them out of a queue; none for a conference.
    pub leg_sid: Option<CallSid>,
    /// It could not be made.
    pub has_failed: bool,
    /// When we were told.
    pub at: Timestamp,
}

/// A text message that came.
#[derive(Clone, Debug, PartialEq)]
pub struct TextCame {
    /// Its name, if it is new.
    pub id: SmsId,
    /// The carrier's name for it.
    pub message_sid: String,
    /// Who wrote.
    pub from: Party,
    /// To which number.
    pub to: Party,
    /// The words.
    pub body: Pii<String>,
    /// Pictures and the like.
    pub media: Vec<SmsMedia>,
    /// What the writer wants, if that is what the message is about.
    pub wish: Option<Wish>,
    /// When we were told.
    pub at: Timestamp,
}

/// How a text message of ours stands.
#[derive(Clone, Debug, PartialEq)]
pub struct TextStands {
    /// Its name, if the carrier knows it.
    pub id: Option<SmsId>,
    /// The carrier's name for it.
    pub message_sid: String,
    /// How it stands.
    pub state: SmsState,
    /// Why it did not arrive.
    pub error_code: Option<u32>,
}

/// Neither database nor disk have taken it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("neither the database nor the disk takes it down")]
pub struct NotTaken;

impl Bridge {
    /// Takes down what the carrier tells: into the database, or as long as that does
    /// not answer onto the disk, and in any case in the order of what is known of the
    /// same call here.
    ///
    /// # Errors
    ///
    /// If it is nowhere; whoever told it may tell it again.
    pub async fn take_down(&self, told: Told) -> Result<(), NotTaken> {
        self.keeper().keep(told).await
    }

    /// Writes a call down that came while the database was away, and what was
    /// decided for it: on the disk at once, and in the database as soon as that can be done.
    /// Whoever is on the line does not wait long for it.
    pub async fn write_down(&self, new: NewCall, route: Route) {
        let opened = Opened {
            call: new,
            route,
            process: self.keeper().process(),
        };
        self.keeper()
            .note_safely(Note::Opened(Box::new(opened)))
            .await;
    }

    /// Notes who else has answered a call, and which member if it was one. Whoever is on
    /// the line does not wait for it.
    pub fn note_answer(
        &self,
        of: (TenantId, CallId),
        (by, user_id): (AnsweredBy, Option<UserId>),
        at: Timestamp,
    ) {
        self.keeper().note(Note::PickedUp {
            of: of.into(),
            by,
            user_id,
            at,
        });
    }

    /// Notes that the carrier follows a call that was handed on, to the stop `first`.
    pub fn note_moved(&self, call_sid: CallSid, first: usize) {
        self.keeper().note(Note::Moved { call_sid, first });
    }

    /// Notes that a tenant had nothing left to spend on a call.
    pub fn note_stopped(&self, of: (TenantId, CallId), at: Timestamp) {
        let of = Of::from(of);
        self.keeper().note(Note::Stopped { of, at });
    }
}

impl From<(TenantId, CallId)> for Of {
    fn from((tenant_id, call_id): (TenantId, CallId)) -> Self {
        Self { tenant_id, call_id }
    }
}

impl Told {
    /// Writes it down, and tells whoever watches; what comes before its call
    /// [waits](Self::wait) for it. Written to be run twice.
    pub(super) async fn write(&self, store: &Store, feed: &Feed) -> Result<(), store::Error> {
        if self.apply(store, feed).await? {
            return Ok(());
        }
        self.wait(store).await
    }

    /// The same, where its call is known, or it needs none; whether that is so.
    pub(super) async fn apply(&self, store: &Store, feed: &Feed) -> Result<bool, store::Error> {
        match self {
            Self::Stands(stands) => stands.write(store, feed).await?,
            Self::Message(news) => return news.write(store).await,
            Self::Recorded(recorded) => return recorded.write(store).await,
            Self::Text(text) => text.write(store).await?,
            Self::TextStands(stands) => stands.write(store).await?,
        }
        Ok(true)
    }
}

impl MessageNews {
    /// Merges it into the message; what was recorded in a call that was deleted goes too.
    /// Whether the call is known, or was.
    async fn write(&self, store: &Store) -> Result<bool, store::Error> {
        let Some(call) = calls::find_by_sid(store, &self.call_sid).await? else {
            return self.let_go(store).await;
        };
        let news = messages::News {
            id: self.id,
            call: &call,
            recording_sid: &self.recording_sid,
            user: self.user,
            sound: self.sound,
            duration_s: self.duration_s,
            carrier_url: self.url.as_deref(),
            transcript: self.words.as_ref().map(|words| words.expose().as_str()),
            at: self.at,
        };
        messages::merge(store, &news).await?;
        Ok(true)
    }

    async fn let_go(&self, store: &Store) -> Result<bool, store::Error> {
        let Some(tenant) = forgotten_calls::owner(store, &self.call_sid).await? else {
            return Ok(false);
        };
        let mut tx = store.begin().await?;
        forgotten_calls::forget_recording(&mut tx, tenant, &self.recording_sid, self.at).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl CallRecorded {
    /// Takes it down; what was recorded of a call that was deleted goes too. Whether the
    /// call is known, or was.
    ///
    /// **Invariant:** nothing is deleted at the carrier of a call that may be known
    /// somewhere yet, but only of one that the database says is forgotten.
    async fn write(&self, store: &Store) -> Result<bool, store::Error> {
        let (tenant, call) = (self.title.tenant_id, self.title.call_id);
        let mut tx = store.begin().await?;
        if calls::find(&mut tx, tenant, call).await?.is_some() {
            let news = carrier_recordings::News {
                title: self.title.clone(),
                carrier_sid: &self.recording_sid,
                leg_sid: self.leg_sid.as_ref(),
                has_failed: self.has_failed,
                at: self.at,
            };
            carrier_recordings::take_down(&mut tx, &news).await?;
        } else if forgotten_calls::is_forgotten(&mut tx, (tenant, call)).await? {
            let sid = &self.recording_sid;
            forgotten_calls::forget_recording(&mut tx, tenant, sid, self.at).await?;
        } else {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }
}

impl TextCame {
    async fn write(&self, store: &Store) -> Result<(), store::Error> {
        let Some(tenant) = numbers::owner(store, self.to.number()).await? else {
            tracing::warn!("sms.of_nobody");
            return Ok(());
        };
        let new = NewSms {
            id: self.id,
            tenant_id: tenant,
            direction: Direction::Inbound,
            message_sid: Some(&self.message_sid),
            own: &self.to,
            stranger: &self.from,
            user: None,
            body: &self.body,
            media: &self.media,
            state: SmsState::Received,
            at: self.at,
        };
        let mut tx = store.begin().await?;
        if sms_messages::insert(&mut tx, &new).await? {
            self.heed(&mut tx, tenant).await?;
            metrics::counter!("frontdesk_sms_total", "direction" => "inbound").increment(1);
        }
        tx.commit().await
    }

    /// Does as the writer wishes.
    async fn heed(&self, tx: &mut Tx, tenant: TenantId) -> Result<(), store::Error> {
        let Some(number) = self.from.number() else {
            return Ok(());
        };
        match self.wish {
            Some(Wish::Stop) => {
                let opt_out = OptOut {
                    phone_number: number.clone(),
                    source: OptOutSource::Reply,
                    created_at: self.at,
                };
                sms_opt_outs::put(tx, tenant, &opt_out).await
            }
            Some(Wish::Start) => {
                let lifted = sms_opt_outs::delete(tx, tenant, number, None).await;
                lifted.map(drop)
            }
            None => Ok(()),
        }
    }
}

impl TextStands {
    async fn write(&self, store: &Store) -> Result<(), store::Error> {
        let news = sms_messages::News {
            message_sid: Some(&self.message_sid),
            id: self.id,
            state: self.state,
            error_code: self.error_code,
        };
        if !sms_messages::apply(store, &news).await? {
            tracing::warn!("sms.unknown: the carrier tells of a message that is not ours");
        }
        Ok(())
    }
}

/// How long the database is asked directly for what the carrier tells: it waits 15 s.
pub(super) const DIRECTLY: Duration = Duration::from_secs(2);
