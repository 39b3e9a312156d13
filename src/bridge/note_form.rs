//! Notes as text, for the journal: what one program writes the next one reads.
//!
//! **Invariant:** a form that was ever released is read for ever: what is added to it
//! has a default, and what cannot be read so gets another [version](VERSION).

use serde::{Deserialize, Serialize};

use super::note::{Answered, Finished, Note, Of, Opened};
use super::note_values::{
    CallForm, ConsentForm, LatencyForm, MoneyForm, RouteForm, TakenForm, TitleForm, UsageForm,
    UtteranceForm, all, all_of, at, word,
};
use super::recording_news::{News, RecordingNews};
use super::told_form::ToldForm;
use crate::domain::{
    CallId, CallSid, Consent, ParseError, ProcessId, ReceptionistId, TakenMessageId, TenantId,
    UserId,
};
use crate::store::text::Text;

/// The version of these forms.
const VERSION: u32 = 1;

/// What stands in a record of the journal.
#[derive(Deserialize, Serialize)]
struct Envelope {
    version: u32,
    note: Form,
}

/// The note as it stands in the journal.
pub(super) fn write(note: &Note) -> Vec<u8> {
    let envelope = Envelope {
        version: VERSION,
        note: Form::from(note),
    };
    serde_json::to_vec(&envelope).expect("maps of texts and numbers are JSON")
}

/// The note that stands in the journal; none where no program that we know of has
/// written it.
pub(super) fn read(bytes: &[u8]) -> Option<Note> {
    let envelope: Envelope = serde_json::from_slice(bytes).ok()?;
    let note = envelope.note.into_note();
    note.ok().filter(|_| envelope.version == VERSION)
}

#[derive(Deserialize, Serialize)]
struct OfForm {
    tenant: Text<TenantId>,
    call: Text<CallId>,
}

impl From<Of> for OfForm {
    fn from(of: Of) -> Self {
        Self {
            tenant: Text(of.tenant_id),
            call: Text(of.call_id),
        }
    }
}

impl From<OfForm> for Of {
    fn from(form: OfForm) -> Self {
        Self {
            tenant_id: form.tenant.0,
            call_id: form.call.0,
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Opened(OpenedForm),
    Answered(AnsweredForm),
    PickedUp(PickedUpForm),
    Consented {
        of: OfForm,
        consent: ConsentForm,
    },
    Taken(TakenForm),
    CameBack {
        of: OfForm,
    },
    Moved {
        call_sid: Text<CallSid>,
        first: usize,
    },
    Stopped {
        of: OfForm,
        at_ms: i64,
    },
    Tool {
        of: OfForm,
        detail: String,
        nth: u32,
        at_ms: i64,
    },
    Used {
        of: OfForm,
        usage: UsageForm,
        cost: Option<MoneyForm>,
    },
    Said {
        of: OfForm,
        first: usize,
        utterances: Vec<UtteranceForm>,
    },
    Finished(FinishedForm),
    Recording {
        title: TitleForm,
        what: String,
        fault: Option<String>,
        at_ms: i64,
    },
    Told(ToldForm),
}

#[derive(Deserialize, Serialize)]
struct OpenedForm {
    call: CallForm,
    route: RouteForm,
    #[serde(default)]
    process: Option<Text<ProcessId>>,
}

#[derive(Deserialize, Serialize)]
struct AnsweredForm {
    of: OfForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receptionist: Option<Text<ReceptionistId>>,
    at_ms: i64,
}

impl From<&Answered> for AnsweredForm {
    fn from(answered: &Answered) -> Self {
        Self {
            of: answered.of.into(),
            receptionist: answered.receptionist_id.map(Text),
            at_ms: answered.at.as_ms(),
        }
    }
}

impl From<AnsweredForm> for Answered {
    fn from(form: AnsweredForm) -> Self {
        Self {
            of: form.of.into(),
            receptionist_id: form.receptionist.map(|Text(id)| id),
            at: at(form.at_ms),
        }
    }
}

#[derive(Deserialize, Serialize)]
struct PickedUpForm {
    of: OfForm,
    by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<Text<UserId>>,
    at_ms: i64,
}

#[derive(Deserialize, Serialize)]
struct FinishedForm {
    of: OfForm,
    note: Text<TakenMessageId>,
    at_ms: i64,
    end_reason: String,
    usage: UsageForm,
    cost: Option<MoneyForm>,
    first_turn: usize,
    utterances: Vec<UtteranceForm>,
    latencies: Vec<LatencyForm>,
}

impl From<&Note> for Form {
    fn from(note: &Note) -> Self {
        match note {
            Note::Opened(opened) => Self::Opened(OpenedForm {
                call: CallForm::from(&opened.call),
                route: RouteForm::from(&opened.route),
                process: opened.process.map(Text),
            }),
            Note::Answered(answered) => Self::Answered(answered.into()),
            Note::PickedUp {
                of,
                by,
                user_id,
                at,
            } => Self::PickedUp(PickedUpForm {
                of: (*of).into(),
                by: by.as_str().to_owned(),
                user_id: user_id.map(Text),
                at_ms: at.as_ms(),
            }),
            Note::Consented { of, consent } => consented(*of, consent),
            Note::Taken(taken) => Self::Taken(TakenForm::from(&**taken)),
            Note::CameBack { of } => Self::CameBack { of: (*of).into() },
            Note::Moved { call_sid, first } => Self::Moved {
                call_sid: Text(call_sid.clone()),
                first: *first,
            },
            Note::Stopped { of, at } => Self::Stopped {
                of: (*of).into(),
                at_ms: at.as_ms(),
            },
            Note::Tool {
                of,
                detail,
                nth,
                at,
            } => Self::Tool {
                of: (*of).into(),
                detail: detail.clone(),
                nth: *nth,
                at_ms: at.as_ms(),
            },
            Note::Used { of, usage, cost } => Self::Used {
                of: (*of).into(),
                usage: usage.into(),
                cost: cost.as_ref().map(MoneyForm::from),
            },
            Note::Said {
                of,
                first,
                utterances,
            } => Self::Said {
                of: (*of).into(),
                first: *first,
                utterances: all(utterances),
            },
            Note::Finished(finished) => Self::Finished(FinishedForm::from(&**finished)),
            Note::Recording(news) => recording(news),
            Note::Told(told) => Self::Told(ToldForm::from(&**told)),
        }
    }
}

impl From<&Finished> for FinishedForm {
    fn from(finished: &Finished) -> Self {
        Self {
            of: finished.of.into(),
            note: Text(finished.note_id),
            at_ms: finished.at.as_ms(),
            end_reason: finished.end_reason.as_str().to_owned(),
            usage: (&finished.usage).into(),
            cost: finished.cost.as_ref().map(MoneyForm::from),
            first_turn: finished.first_turn,
            utterances: all(&finished.utterances),
            latencies: all(&finished.latencies),
        }
    }
}

impl Form {
    fn into_note(self) -> Result<Note, ParseError> {
        Ok(match self {
            Self::Opened(opened) => Note::Opened(Box::new(opened.into_opened()?)),
            Self::Answered(answered) => Note::Answered(answered.into()),
            Self::PickedUp(picked_up) => picked_up.into_note()?,
            Self::Consented { of, consent } => Note::Consented {
                of: of.into(),
                consent: Box::new(consent.into_consent()?),
            },
            Self::Taken(taken) => Note::Taken(Box::new(taken.into_taken()?)),
            Self::CameBack { of } => Note::CameBack { of: of.into() },
            Self::Moved { call_sid, first } => Note::Moved {
                call_sid: call_sid.0,
                first,
            },
            Self::Stopped { of, at_ms } => Note::Stopped {
                of: of.into(),
                at: at(at_ms),
            },
            Self::Tool {
                of,
                detail,
                nth,
                at_ms,
            } => Note::Tool {
                of: of.into(),
                detail,
                nth,
                at: at(at_ms),
            },
            Self::Used { of, usage, cost } => Note::Used {
                of: of.into(),
                usage: usage.into(),
                cost: cost.map(MoneyForm::into_money).transpose()?,
            },
            Self::Said {
                of,
                first,
                utterances,
            } => Note::Said {
                of: of.into(),
                first,
                utterances: all_of(utterances, UtteranceForm::into_utterance)?,
            },
            Self::Finished(finished) => Note::Finished(Box::new(finished.into_finished()?)),
            Self::Recording {
                title,
                what,
                fault,
                at_ms,
            } => Note::Recording(Box::new(RecordingNews {
                title: title.into_title()?,
                what: news(&what, fault.as_deref())?,
                at: at(at_ms),
            })),
            Self::Told(told) => Note::Told(Box::new(told.into_told()?)),
        })
    }
}

impl PickedUpForm {
    fn into_note(self) -> Result<Note, ParseError> {
        Ok(Note::PickedUp {
            of: self.of.into(),
            by: word(&self.by)?,
            user_id: self.user_id.map(|Text(id)| id),
            at: at(self.at_ms),
        })
    }
}

impl OpenedForm {
    fn into_opened(self) -> Result<Opened, ParseError> {
        Ok(Opened {
            call: self.call.into_call()?,
            route: self.route.into_route()?,
            process: self.process.map(|Text(id)| id),
        })
    }
}

impl FinishedForm {
    fn into_finished(self) -> Result<Finished, ParseError> {
        Ok(Finished {
            of: self.of.into(),
            note_id: self.note.0,
            at: at(self.at_ms),
            end_reason: word(&self.end_reason)?,
            usage: self.usage.into(),
            cost: self.cost.map(MoneyForm::into_money).transpose()?,
            first_turn: self.first_turn,
            utterances: all_of(self.utterances, UtteranceForm::into_utterance)?,
            latencies: self.latencies.into_iter().map(Into::into).collect(),
        })
    }
}

fn consented(of: Of, consent: &Consent) -> Form {
    Form::Consented {
        of: of.into(),
        consent: ConsentForm::from(consent),
    }
}

fn recording(news: &RecordingNews) -> Form {
    let (what, fault) = match news.what {
        News::Began => ("began", None),
        News::Paused(true) => ("paused", None),
        News::Paused(false) => ("resumed", None),
        News::Ended(fault) => ("ended", fault),
    };
    Form::Recording {
        title: TitleForm::from(&news.title),
        what: what.to_owned(),
        fault: fault.map(|fault| fault.as_str().to_owned()),
        at_ms: news.at.as_ms(),
    }
}

fn news(what: &str, fault: Option<&str>) -> Result<News, ParseError> {
    Ok(match what {
        "began" => News::Began,
        "paused" => News::Paused(true),
        "resumed" => News::Paused(false),
        "ended" => News::Ended(fault.map(word).transpose()?),
        _ => {
            return Err(ParseError {
                expected: "began, paused, resumed or ended",
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{
        AnsweredBy, CallStatus, ConsentAnswer, ConsentPolicy, Currency, Direction, EndReason,
        MessageSound, Money, OpenState, Pii, RecordingFault, RecordingTitle, SmsMedia, SmsState,
        Speaker, Timestamp, TurnLatency, Urgency, Usage, Utterance, Wish,
    };
    use crate::routing::{Route, Step, Stop};
    use crate::store::calls::{NewCall, StatusNews};

    use super::super::note::Taken;
    use super::super::stands::{CallStands, Placing};
    use super::super::told::{CallRecorded, MessageNews, TextCame, TextStands, Told};

    fn id<T: From<(Timestamp, u128)>>(n: u128) -> T {
        T::from((Timestamp::from_ms(1_763_717_400_000), n))
    }

    fn of() -> Of {
        Of {
            tenant_id: id(1),
            call_id: id(2),
        }
    }

    fn said() -> Vec<Utterance> {
        vec![Utterance {
            speaker: Speaker::Caller,
            text: Pii::new("Grüß Gott\n\u{0}\"".to_owned()),
            started: Duration::from_micros(1_234_567),
            interrupted: true,
        }]
    }

    fn usage() -> Usage {
        Usage {
            input_text_tokens: 1,
            input_audio_tokens: 2,
            cached_text_tokens: 3,
            cached_audio_tokens: 4,
            output_text_tokens: 5,
            output_audio_tokens: 6,
            transcribed_ms: 7,
        }
    }

    fn finished() -> Finished {
        Finished {
            of: of(),
            note_id: id(8),
            at: at(5),
            end_reason: EndReason::CallerHungUp,
            usage: usage(),
            cost: None,
            first_turn: 1,
            utterances: said(),
            latencies: vec![TurnLatency {
                sent: Duration::from_micros(1_500),
                heard: Some(Duration::from_millis(3)),
            }],
        }
    }

    fn opened() -> Note {
        let call = NewCall {
            id: id(2),
            tenant_id: id(1),
            call_sid: "CA1".parse().unwrap(),
            direction: Direction::Outbound,
            from: "client:alice".parse().unwrap(),
            to: "+15550100000".parse().unwrap(),
            receptionist_id: Some(id(3)),
            status: CallStatus::InProgress,
            created_at: at(5),
        };
        let route = Route {
            stops: vec![
                Stop::Voicemail {
                    greeting: Some("Hello.".to_owned()),
                    user_id: Some(id(4)),
                },
                Stop::Apology,
            ],
            open_state: OpenState::Holiday,
            language: Some("de-DE".to_owned()),
            steps: vec![Step {
                code: "hours.closed".into(),
                text: "It is closed.".to_owned(),
            }],
        };
        Note::Opened(Box::new(Opened {
            call,
            route,
            process: Some(id(9)),
        }))
    }

    fn recording(what: News) -> Note {
        let title = title();
        let at = at(8);
        Note::Recording(Box::new(RecordingNews { title, what, at }))
    }

    fn title() -> RecordingTitle {
        RecordingTitle {
            id: id(4),
            tenant_id: id(1),
            call_id: id(2),
            started_at: at(6),
            consent: Consent {
                policy: ConsentPolicy::Verbal,
                answer: ConsentAnswer::Agreed,
                words: Some(Pii::new("Ja".to_owned())),
                at: at(7),
            },
        }
    }

    fn stands() -> [Told; 2] {
        let stands = CallStands {
            own: Some(id(2)),
            call_sid: "CA1".parse().unwrap(),
            placed: Placing::Unknown { call_id: id(2) },
            direction: Direction::Inbound,
            from: "anonymous".parse().unwrap(),
            to: "+15550100000".parse().unwrap(),
            news: StatusNews {
                status: CallStatus::Completed,
                sequence: Some(3),
                duration_s: None,
                at: at(9),
            },
            at: at(10),
        };
        let placed = Placing::Here {
            tenant_id: id(1),
            call_id: id(2),
        };
        let here = CallStands {
            own: None,
            placed,
            ..stands.clone()
        };
        [Told::Stands(stands), Told::Stands(here)]
    }

    fn messages() -> [Told; 4] {
        let message = MessageNews {
            id: id(5),
            call_sid: "CA1".parse().unwrap(),
            recording_sid: "RE1".to_owned(),
            user: Some(id(6)),
            sound: MessageSound::Recorded,
            duration_s: Some(12),
            url: Some("https://example.com/RE1".to_owned()),
            words: Some(Pii::new("Please call back.".to_owned())),
            at: at(11),
        };
        let text = TextCame {
            id: id(7),
            message_sid: "SM1".to_owned(),
            from: "+15550100001".parse().unwrap(),
            to: "+15550100000".parse().unwrap(),
            body: Pii::new("STOP".to_owned()),
            media: vec![SmsMedia {
                carrier_url: "https://example.com/ME1".to_owned(),
                mime: None,
            }],
            wish: Some(Wish::Stop),
            at: at(12),
        };
        let text_stands = TextStands {
            id: None,
            message_sid: "SM2".to_owned(),
            state: SmsState::Undelivered,
            error_code: Some(30_003),
        };
        let recorded = CallRecorded {
            title: title(),
            recording_sid: "RE2".to_owned(),
            leg_sid: Some("CA2".parse().unwrap()),
            has_failed: false,
            at: at(13),
        };
        [
            Told::Message(message),
            Told::Recorded(recorded),
            Told::Text(text),
            Told::TextStands(text_stands),
        ]
    }

    fn answered(receptionist_id: Option<ReceptionistId>) -> Note {
        Note::Answered(Answered {
            of: of(),
            receptionist_id,
            at: at(1),
        })
    }

    fn taken(callback: Option<&str>) -> Note {
        Note::Taken(Box::new(Taken {
            of: of(),
            id: id(8),
            ordinal: 1 << 32 | 7,
            caller_name: Pii::new("Ada".to_owned()),
            callback: callback.map(|text| Pii::new(text.to_owned())),
            reason: Pii::new("Grüße\n\u{0}\"".to_owned()),
            urgency: Urgency::High,
            at: at(14),
        }))
    }

    fn notes() -> Vec<Note> {
        let cost = Some(Money {
            micros: 7,
            currency: Currency::Usd,
        });
        let mut notes = vec![
            opened(),
            answered(None),
            answered(Some(id(3))),
            Note::PickedUp {
                of: of(),
                by: AnsweredBy::Person,
                user_id: None,
                at: at(2),
            },
            Note::PickedUp {
                of: of(),
                by: AnsweredBy::Person,
                user_id: Some((at(1), 2).into()),
                at: at(2),
            },
            Note::Consented {
                of: of(),
                consent: Box::new(title().consent),
            },
            taken(Some("+1 555 0100")),
            taken(None),
            Note::CameBack { of: of() },
            Note::Moved {
                call_sid: "CA1".parse().unwrap(),
                first: 3,
            },
            Note::Stopped {
                of: of(),
                at: at(3),
            },
            Note::Tool {
                of: of(),
                detail: "{}".to_owned(),
                nth: 4,
                at: at(4),
            },
            Note::Used {
                of: of(),
                usage: usage(),
                cost,
            },
            Note::Said {
                of: of(),
                first: 2,
                utterances: said(),
            },
            Note::Finished(Box::new(finished())),
        ];
        let fault = Some(RecordingFault::DiskFull);
        let news = [true, false].map(News::Paused).into_iter();
        let news = news.chain([News::Began, News::Ended(None), News::Ended(fault)]);
        notes.extend(news.map(recording));
        let told = stands().into_iter().chain(messages());
        notes.extend(told.map(|told| Note::Told(Box::new(told))));
        notes
    }

    #[test]
    fn i1_every_note_is_read_as_it_was_written() {
        for note in notes() {
            let text = write(&note);
            assert_eq!(read(&text).as_ref(), Some(&note));
        }
    }

    /// What stands in a journal on somebody's disk is read by every later program.
    #[test]
    fn d6_the_form_of_a_note_stays_as_it_was_released() {
        let said = Note::Said {
            of: of(),
            first: 2,
            utterances: said(),
        };
        let text = concat!(
            r#"{"version":1,"note":{"said":{"of":{"tenant":"ten_01KAJVZHE00000000000000001","#,
            r#""call":"call_01KAJVZHE00000000000000002"},"first":2,"utterances":[{"#,
            r#""speaker":"caller","text":"Grüß Gott\n\u0000\"","started_us":1234567,"#,
            r#""interrupted":true}]}}}"#
        );
        assert_eq!(String::from_utf8(write(&said)).unwrap(), text);
    }

    #[test]
    fn d6_a_call_of_which_no_process_is_known_is_read_as_before() {
        let text = String::from_utf8(write(&opened())).unwrap();
        let process = r#","process":"prc_01KAJVZHE00000000000000009""#;
        let before = text.replace(process, "");
        assert!(before.len() < text.len(), "{text}");
        let Some(Note::Opened(read)) = read(before.as_bytes()) else {
            panic!("{before}");
        };
        assert_eq!(read.process, None);
    }

    #[test]
    fn d6_an_answer_of_which_no_receptionist_is_known_is_read_as_before() {
        let text = concat!(
            r#"{"version":1,"note":{"answered":{"of":{"tenant":"ten_01KAJVZHE00000000000000001","#,
            r#""call":"call_01KAJVZHE00000000000000002"},"at_ms":1}}}"#
        );
        assert_eq!(read(text.as_bytes()), Some(answered(None)));
        assert_eq!(String::from_utf8(write(&answered(None))).unwrap(), text);
    }

    #[test]
    fn d6_what_was_used_before_it_was_known_how_much_was_written_down_is_read_as_before() {
        let used = Note::Used {
            of: of(),
            usage: usage(),
            cost: None,
        };
        let text = String::from_utf8(write(&used)).unwrap();
        let before = text.replace(r#","transcribed_ms":7"#, "");
        assert!(before.len() < text.len(), "{text}");
        let Some(Note::Used { usage: read, .. }) = read(before.as_bytes()) else {
            panic!("{before}");
        };
        let usage = Usage {
            transcribed_ms: 0,
            ..usage()
        };
        assert_eq!(read, usage);
    }

    #[test]
    fn d5_what_no_program_has_written_is_no_note() {
        let good = write(&Note::CameBack { of: of() });
        let good = String::from_utf8(good).unwrap();
        for text in [
            "",
            "{}",
            "[1]",
            &good[..good.len() - 1],
            &good.replace("\"version\":1", "\"version\":2"),
            &good.replace("came_back", "went_away"),
            &good.replace("call_", "cell_"),
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
