//! What the carrier tells, as text for the journal.

use serde::{Deserialize, Serialize};

use super::note_values::{TitleForm, at, party, word};
use super::stands::{CallStands, Placing};
use super::told::{CallRecorded, MessageNews, TextCame, TextStands, Told};
use crate::domain::{
    CallId, CallSid, MessageId, ParseError, Pii, SmsId, SmsMedia, TenantId, UserId, Wish,
};
use crate::store::calls::StatusNews;
use crate::store::text::Text;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToldForm {
    Stands(StandsForm),
    Message(MessageForm),
    Recorded {
        title: TitleForm,
        recording_sid: String,
        #[serde(default)]
        leg_sid: Option<Text<CallSid>>,
        has_failed: bool,
        at_ms: i64,
    },
    Text(TextForm),
    TextStands {
        id: Option<Text<SmsId>>,
        message_sid: String,
        state: String,
        error_code: Option<u32>,
    },
}

#[derive(Deserialize, Serialize)]
pub(super) struct StandsForm {
    own: Option<Text<CallId>>,
    call_sid: Text<CallSid>,
    call: Text<CallId>,
    /// None where nobody has placed the call.
    tenant: Option<Text<TenantId>>,
    direction: String,
    from: String,
    to: String,
    status: String,
    sequence: Option<i64>,
    duration_s: Option<i64>,
    news_at_ms: i64,
    at_ms: i64,
}

#[derive(Deserialize, Serialize)]
pub(super) struct MessageForm {
    id: Text<MessageId>,
    call_sid: Text<CallSid>,
    recording_sid: String,
    user: Option<Text<UserId>>,
    sound: String,
    duration_s: Option<i64>,
    url: Option<String>,
    words: Option<String>,
    at_ms: i64,
}

#[derive(Deserialize, Serialize)]
pub(super) struct TextForm {
    id: Text<SmsId>,
    message_sid: String,
    from: String,
    to: String,
    body: String,
    media: Vec<(String, Option<String>)>,
    wish: Option<String>,
    at_ms: i64,
}

impl From<&Told> for ToldForm {
    fn from(told: &Told) -> Self {
        match told {
            Told::Stands(stands) => Self::Stands(stands.into()),
            Told::Message(news) => Self::Message(news.into()),
            Told::Recorded(recorded) => Self::Recorded {
                title: TitleForm::from(&recorded.title),
                recording_sid: recorded.recording_sid.clone(),
                leg_sid: recorded.leg_sid.clone().map(Text),
                has_failed: recorded.has_failed,
                at_ms: recorded.at.as_ms(),
            },
            Told::Text(text) => Self::Text(text.into()),
            Told::TextStands(stands) => Self::TextStands {
                id: stands.id.map(Text),
                message_sid: stands.message_sid.clone(),
                state: stands.state.as_str().to_owned(),
                error_code: stands.error_code,
            },
        }
    }
}

impl From<&CallStands> for StandsForm {
    fn from(stands: &CallStands) -> Self {
        let (call, tenant) = match stands.placed {
            Placing::Here { tenant_id, call_id } => (call_id, Some(tenant_id)),
            Placing::Unknown { call_id } => (call_id, None),
        };
        Self {
            own: stands.own.map(Text),
            call_sid: Text(stands.call_sid.clone()),
            call: Text(call),
            tenant: tenant.map(Text),
            direction: stands.direction.as_str().to_owned(),
            from: stands.from.to_text(),
            to: stands.to.to_text(),
            status: stands.news.status.as_str().to_owned(),
            sequence: stands.news.sequence,
            duration_s: stands.news.duration_s,
            news_at_ms: stands.news.at.as_ms(),
            at_ms: stands.at.as_ms(),
        }
    }
}

impl From<&MessageNews> for MessageForm {
    fn from(news: &MessageNews) -> Self {
        Self {
            id: Text(news.id),
            call_sid: Text(news.call_sid.clone()),
            recording_sid: news.recording_sid.clone(),
            user: news.user.map(Text),
            sound: news.sound.as_str().to_owned(),
            duration_s: news.duration_s,
            url: news.url.clone(),
            words: news.words.as_ref().map(|words| words.expose().clone()),
            at_ms: news.at.as_ms(),
        }
    }
}

impl From<&TextCame> for TextForm {
    fn from(text: &TextCame) -> Self {
        let media = text.media.iter();
        let media = media.map(|one| (one.carrier_url.clone(), one.mime.clone()));
        let wish = text.wish.map(|wish| match wish {
            Wish::Stop => "stop",
            Wish::Start => "start",
        });
        Self {
            id: Text(text.id),
            message_sid: text.message_sid.clone(),
            from: text.from.to_text(),
            to: text.to.to_text(),
            body: text.body.expose().clone(),
            media: media.collect(),
            wish: wish.map(str::to_owned),
            at_ms: text.at.as_ms(),
        }
    }
}

impl ToldForm {
    pub(super) fn into_told(self) -> Result<Told, ParseError> {
        Ok(match self {
            Self::Stands(stands) => Told::Stands(stands.into_stands()?),
            Self::Message(news) => Told::Message(news.into_news()?),
            Self::Recorded {
                title,
                recording_sid,
                leg_sid,
                has_failed,
                at_ms,
            } => Told::Recorded(CallRecorded {
                title: title.into_title()?,
                recording_sid,
                leg_sid: leg_sid.map(|Text(sid)| sid),
                has_failed,
                at: at(at_ms),
            }),
            Self::Text(text) => Told::Text(text.into_text()?),
            Self::TextStands {
                id,
                message_sid,
                state,
                error_code,
            } => Told::TextStands(TextStands {
                id: id.map(|Text(id)| id),
                message_sid,
                state: word(&state)?,
                error_code,
            }),
        })
    }
}

impl StandsForm {
    fn into_stands(self) -> Result<CallStands, ParseError> {
        let placed = match self.tenant {
            Some(Text(tenant_id)) => Placing::Here {
                tenant_id,
                call_id: self.call.0,
            },
            None => Placing::Unknown {
                call_id: self.call.0,
            },
        };
        Ok(CallStands {
            own: self.own.map(|Text(id)| id),
            call_sid: self.call_sid.0,
            placed,
            direction: word(&self.direction)?,
            from: party(&self.from),
            to: party(&self.to),
            news: StatusNews {
                status: word(&self.status)?,
                sequence: self.sequence,
                duration_s: self.duration_s,
                at: at(self.news_at_ms),
            },
            at: at(self.at_ms),
        })
    }
}

impl MessageForm {
    fn into_news(self) -> Result<MessageNews, ParseError> {
        Ok(MessageNews {
            id: self.id.0,
            call_sid: self.call_sid.0,
            recording_sid: self.recording_sid,
            user: self.user.map(|Text(id)| id),
            sound: word(&self.sound)?,
            duration_s: self.duration_s,
            url: self.url,
            words: self.words.map(Pii::new),
            at: at(self.at_ms),
        })
    }
}

impl TextForm {
    fn into_text(self) -> Result<TextCame, ParseError> {
        let media = self.media.into_iter();
        let media = media.map(|(carrier_url, mime)| SmsMedia { carrier_url, mime });
        let wish = match self.wish.as_deref() {
            None => None,
            Some("stop") => Some(Wish::Stop),
            Some("start") => Some(Wish::Start),
            Some(_) => {
                return Err(ParseError {
                    expected: "stop or start",
                });
            }
        };
        Ok(TextCame {
            id: self.id.0,
            message_sid: self.message_sid,
            from: party(&self.from),
            to: party(&self.to),
            body: Pii::new(self.body),
            media: media.collect(),
            wish,
            at: at(self.at_ms),
        })
    }
}
