//! Sentences that need no agent: said by one beforehand, and kept.
//!
//! When the agent is away or slow there is nobody to ask for a sentence. So an
//! agent with the receptionist's voice says each of them once, into a file, and
//! from then on it is there at once, for every call of that voice.

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use sha2::{Digest as _, Sha256};
use tokio::time::{sleep, timeout};

use super::agent_leg::{AgentLeg, Dialer};
use super::registry::Bridge;
use crate::audio::chime;
use crate::call::{AgentAction, Event, Outcome, Phrase, Reply};
use crate::domain::{AudioFormat, Pii, Receptionist, Toolkit};
use crate::recordings::Recordings;

/// An agent has so long to say a sentence.
const BUDGET: Duration = Duration::from_secs(20);
/// The longest sound that is kept: 10 s.
const MAX_SOUND: usize = 80_000;
/// After a failure the sentence is left alone for so long.
const REST: Duration = Duration::from_mins(1);

/// The sound of a sentence in the caller's code.
type Sound = Arc<[u8]>;

/// All sentences that have been said beforehand.
#[derive(Clone)]
pub struct Phrasebook {
    shared: Arc<Shared>,
}

struct Shared {
    dialer: Arc<dyn Dialer>,
    recordings: Recordings,
    /// By the name of their file; none while somebody is at it.
    known: DashMap<String, Option<Sound>>,
}

impl Phrasebook {
    /// A book of what the agents of `dialer` say, kept in `recordings`.
    pub fn new(dialer: Arc<dyn Dialer>, recordings: Recordings) -> Self {
        Self {
            shared: Arc::new(Shared {
                dialer,
                recordings,
                known: DashMap::new(),
            }),
        }
    }

    /// The sentences of this receptionist. Those that are not known yet are
    /// fetched, or said by an agent, meanwhile.
    pub(super) fn of(&self, receptionist: &Receptionist) -> Phrases {
        let phrases = self.phrases(receptionist);
        for lesson in self.lessons(&phrases, receptionist) {
            tokio::spawn(lesson);
        }
        phrases
    }

    fn phrases(&self, receptionist: &Receptionist) -> Phrases {
        Phrases {
            book: Some(self.clone()),
            voice: receptionist.voice.clone(),
            language: receptionist.language.clone(),
        }
    }

    /// Learns what is not known yet of this receptionist, one sentence after the other.
    fn lessons(
        &self,
        phrases: &Phrases,
        receptionist: &Receptionist,
    ) -> impl Iterator<Item = impl Future<Output = ()> + Send + use<>> {
        let sentences = PHRASES.into_iter();
        sentences.filter_map(|phrase| self.lesson(phrases, receptionist, phrase))
    }

    /// Learns the sentence of this receptionist; none if somebody is at it, or has been.
    fn lesson(
        &self,
        phrases: &Phrases,
        receptionist: &Receptionist,
        phrase: Phrase,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let name = phrases.file_name(phrase)?;
        let Entry::Vacant(unknown) = self.shared.known.entry(name.clone()) else {
            return None;
        };
        unknown.insert(None);
        let words = words(phrase, &phrases.language).unwrap_or_default();
        let speaker = speaker(receptionist.clone(), words);
        Some(learn(Arc::clone(&self.shared), name, speaker))
    }
}

impl Bridge {
    /// Has the sentences of these receptionists said before anybody rings, one after the
    /// other: also the first caller of a voice may find it slow.
    pub async fn say_ahead(&self, receptionists: &[Receptionist]) {
        let Some(book) = self.phrasebook() else {
            return;
        };
        for receptionist in receptionists {
            let phrases = book.phrases(receptionist);
            for lesson in book.lessons(&phrases, receptionist) {
                lesson.await;
            }
        }
    }
}

const PHRASES: [Phrase; 2] = [Phrase::OneMoment, Phrase::Apology];

/// Somebody with the same voice who does nothing but say this.
fn speaker(receptionist: Receptionist, words: &str) -> Receptionist {
    Receptionist {
        greeting: words.to_owned(),
        instructions: "You read out sentences for a telephone system: calmly, and in exactly the \
            words that you are given."
            .to_owned(),
        format: AudioFormat::Pcmu,
        tools: BTreeSet::new(),
        toolkit: Toolkit::default(),
        ..receptionist
    }
}

async fn learn(shared: Arc<Shared>, name: String, speaker: Receptionist) {
    let kept = shared.recordings.read(&name).await.ok().flatten();
    let sound = if kept.is_some() {
        kept
    } else {
        let said = timeout(BUDGET, say(&*shared.dialer, &speaker)).await;
        let said = said.ok().flatten();
        if let Some(sound) = &said
            && let Err(error) = shared.recordings.put(&name, sound).await
        {
            tracing::warn!(%error, "phrase.not_kept");
        }
        said
    };
    if let Some(sound) = sound {
        shared.known.insert(name, Some(sound.into()));
    } else {
        metrics::counter!("frontdesk_phrases_failed_total").increment(1);
        sleep(REST).await;
        shared.known.remove(&name);
    }
}

/// Lets an agent say its greeting to nobody. None if it says anything else.
async fn say(dialer: &dyn Dialer, speaker: &Receptionist) -> Option<Vec<u8>> {
    let mut leg = dialer.dial(speaker, 0).await.ok()?;
    let said = listen(leg.as_mut()).await;
    leg.close().await;
    let (sound, words) = said?;
    let is_right = letters(&words).eq(letters(&speaker.greeting));
    (is_right && !sound.is_empty()).then_some(sound)
}

/// What the agent says, and in which words.
async fn listen(leg: &mut dyn AgentLeg) -> Option<(Vec<u8>, String)> {
    let (mut sound, mut words) = (Vec::new(), String::new());
    let mut events = VecDeque::new();
    loop {
        poll_fn(|cx| {
            leg.poll_flush(cx);
            let polled = leg.poll_events(cx, &mut events);
            if events.is_empty() {
                polled
            } else {
                Poll::Ready(())
            }
        })
        .await;
        for event in events.drain(..) {
            if event == Event::AgentReady {
                leg.perform(AgentAction::Respond(Reply::Greeting));
            } else if let Event::AgentAudio { frame, .. } = event {
                sound.extend_from_slice(frame.bytes());
            } else if let Event::AgentText { delta, .. } = &event {
                words.push_str(delta.expose());
            } else if let Event::ResponseDone { outcome, .. } = event {
                return (outcome == Outcome::Completed).then_some((sound, words));
            }
            let is_lost = matches!(event, Event::AgentFailed { .. } | Event::AgentClosed);
            if is_lost || sound.len() > MAX_SOUND {
                return None;
            }
        }
    }
}

/// What a sentence consists of, whatever its signs and capitals.
fn letters(text: &str) -> impl Iterator<Item = char> {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase)
}

/// The sentences of one receptionist.
#[derive(Clone, Default)]
pub(super) struct Phrases {
    book: Option<Phrasebook>,
    voice: String,
    language: String,
}

impl Phrases {
    /// The sentence, and its sound in the caller's code. Where it is not known
    /// yet it is two soft notes, and nothing is said.
    pub(super) fn sentence(&self, phrase: Phrase) -> (Pii<String>, Sound) {
        match self.find(phrase) {
            Some((words, sound)) => (Pii::new(words.to_owned()), sound),
            None => (Pii::new(String::new()), Arc::clone(&NOTES)),
        }
    }

    fn find(&self, phrase: Phrase) -> Option<(&'static str, Sound)> {
        let name = self.file_name(phrase)?;
        let known = self.book.as_ref()?.shared.known.get(&name)?;
        let sound = known.value().as_ref().map(Arc::clone)?;
        Some((words(phrase, &self.language)?, sound))
    }

    /// A name of its own for each voice and each wording.
    fn file_name(&self, phrase: Phrase) -> Option<String> {
        let words = words(phrase, &self.language)?;
        let mut hash = Sha256::new();
        hash.update(&self.voice);
        hash.update([0]);
        hash.update(words);
        let digest = hash.finalize();
        let half = u128::from_be_bytes(*digest.first_chunk()?);
        Some(format!("phrases/{half:032x}.ulaw"))
    }
}

/// The words, in a BCP 47 language that we have them in.
fn words(phrase: Phrase, language: &str) -> Option<&'static str> {
    let language = language.split('-').next().unwrap_or_default();
    let (_, moment, apology) = WORDS
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(language))?;
    Some(match phrase {
        Phrase::OneMoment => moment,
        Phrase::Apology => apology,
    })
}

const WORDS: [(&str, &str, &str); 7] = [
    (
        "en",
        "One moment, please.",
        "I am sorry, this takes longer than it should. Please stay on the line.",
    ),
    (
        "de",
        "Einen Moment, bitte.",
        "Es tut mir leid, das dauert länger als es sollte. Bitte bleiben Sie am Apparat.",
    ),
    (
        "es",
        "Un momento, por favor.",
        "Lo siento, esto tarda más de lo debido. Por favor, no cuelgue.",
    ),
    (
        "fr",
        "Un instant, s'il vous plaît.",
        "Je suis désolé, cela prend plus de temps que prévu. Veuillez rester en ligne.",
    ),
    (
        "it",
        "Un momento, per favore.",
        "Mi dispiace, ci vuole più tempo del previsto. Resti in linea, per favore.",
    ),
    (
        "nl",
        "Een ogenblik, alstublieft.",
        "Het spijt me, dit duurt langer dan het zou moeten. Blijft u alstublieft aan de lijn.",
    ),
    (
        "pt",
        "Um momento, por favor.",
        "Peço desculpa, está a demorar mais do que devia. Por favor, não desligue.",
    ),
];

static NOTES: LazyLock<Sound> = LazyLock::new(|| {
    let frames = chime();
    frames.flat_map(|frame| frame.bytes().to_vec()).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::domain::{Credential, McpServer, Secret, ToolName};
    use crate::realtime::client_event::ClientEvent;
    use crate::realtime::{SessionConfig, SessionOptions};
    use crate::store::default_receptionist;

    fn named(voice: &str, language: &str, phrase: Phrase) -> Option<String> {
        let phrases = Phrases {
            book: None,
            voice: voice.to_owned(),
            language: language.to_owned(),
        };
        phrases.file_name(phrase)
    }

    #[test]
    fn every_voice_and_every_wording_has_a_file_of_its_own() {
        let (moment, apology) = (Phrase::OneMoment, Phrase::Apology);
        let names = [
            named("marin", "en", moment),
            named("marin", "en", apology),
            named("cedar", "en", moment),
            named("marin", "de", moment),
        ];
        for (at, name) in names.iter().enumerate() {
            assert!(name.is_some());
            assert!(!names[..at].contains(name));
        }
        assert_eq!(named("marin", "en-GB", moment), names[0]);
        assert_eq!(named("marin", "tlh", moment), None);
    }

    #[test]
    fn who_only_reads_a_sentence_out_has_no_tools_and_knows_no_secret() {
        let clock = Clock::system();
        let mut receptionist = default_receptionist(clock.new_id(), clock.new_id());
        receptionist.tools = ToolName::ALL.into();
        receptionist.toolkit.mcp.push(McpServer {
            label: "orders".to_owned(),
            url: "https://orders.example.com/mcp".to_owned(),
            authorization: Some(Credential::Given(Secret::new("of-the-shop".to_owned()))),
            allowed_tools: Vec::new(),
        });
        let options = SessionOptions::default();
        let written = |receptionist: &Receptionist| {
            let session = SessionConfig::for_receptionist(receptionist, &options);
            let mut text = bytes::BytesMut::new();
            ClientEvent::SessionUpdate { session: &session }.write(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        };
        assert!(written(&receptionist).contains("of-the-shop"));
        let speaker = written(&speaker(receptionist, "One moment, please."));
        assert!(!speaker.contains("of-the-shop") && !speaker.contains("end_call"));
    }

    #[test]
    fn signs_and_capitals_make_no_other_sentence() {
        assert!(letters("One moment, please.").eq(letters("one moment please")));
        assert!(letters("Einen Moment, bitte.").ne(letters("Einen Moment.")));
    }
}
