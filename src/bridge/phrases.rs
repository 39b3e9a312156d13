//! Sentences that need no agent: said by one beforehand, and kept.
//!
//! When the agent is away or slow there is nobody to ask for a sentence. So an
//! agent with the receptionist's voice says each of them once, into a file, and
//! from then on it is there at once, for every call of that voice. Into a
//! language that we do not have it in, that agent puts it as well.

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

/// A sentence as it was said.
#[derive(Clone)]
struct Said {
    words: String,
    sound: Sound,
}

/// All sentences that have been said beforehand.
#[derive(Clone)]
pub struct Phrasebook {
    shared: Arc<Shared>,
}

struct Shared {
    dialer: Arc<dyn Dialer>,
    recordings: Recordings,
    /// By the name of their file; none while somebody is at it.
    known: DashMap<String, Option<Said>>,
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
        let name = phrases.file_name(phrase);
        let Entry::Vacant(unknown) = self.shared.known.entry(name.clone()) else {
            return None;
        };
        unknown.insert(None);
        let wording = wording(phrase, &phrases.language);
        let lesson = Lesson {
            name,
            words: wording.words,
            is_translated: wording.into.is_some(),
            speaker: Arc::new(speaker(receptionist.clone(), wording)),
        };
        Some(learn(Arc::clone(&self.shared), lesson))
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

/// A sentence that is to be said, and kept.
struct Lesson {
    name: String,
    words: &'static str,
    /// The words are said in another language.
    is_translated: bool,
    speaker: Arc<Receptionist>,
}

impl Lesson {
    /// The file with the words that were said, where they are not ours.
    fn name_of_words(&self) -> String {
        format!("{}.txt", self.name)
    }

    /// What the speaker is asked for: a greeting is said in the words that are given.
    fn reply(&self) -> Reply {
        if self.is_translated {
            Reply::Answer
        } else {
            Reply::Greeting
        }
    }

    /// Whether this is the sentence. A translation is taken on trust if it is about as long.
    fn is_said_by(&self, words: &str) -> bool {
        if self.is_translated {
            let most = 2 * letters(self.words).count();
            (1..=most).contains(&letters(words).count())
        } else {
            letters(words).eq(letters(self.words))
        }
    }

    /// What is kept of it, if anything is.
    async fn read(&self, recordings: &Recordings) -> Option<Said> {
        let sound = recordings.read(&self.name).await.ok()??;
        let words = if self.is_translated {
            let kept = recordings.read(&self.name_of_words()).await.ok()??;
            String::from_utf8(kept).ok()?
        } else {
            self.words.to_owned()
        };
        let sound = sound.into();
        Some(Said { words, sound })
    }

    async fn keep(&self, said: &Said, recordings: &Recordings) -> std::io::Result<()> {
        if self.is_translated {
            let words = said.words.as_bytes();
            recordings.put(&self.name_of_words(), words).await?;
        }
        recordings.put(&self.name, &said.sound).await
    }
}

/// Somebody with the same voice who does nothing but say this.
fn speaker(receptionist: Receptionist, wording: Wording<'_>) -> Receptionist {
    let Wording { words, into } = wording;
    let instructions = match into {
        None => "You read out sentences for a telephone system: calmly, and in exactly the \
            words that you are given."
            .to_owned(),
        Some(language) => format!(
            "You read out sentences for a telephone system: calmly, and nothing but the \
             sentence. Whatever you are asked, say this in the language with the tag {language}, \
             as somebody at a reception would say it, and do not say it in English: \"{words}\""
        ),
    };
    Receptionist {
        greeting: words.to_owned(),
        instructions,
        format: AudioFormat::Pcmu,
        tools: BTreeSet::new(),
        toolkit: Toolkit::default(),
        ..receptionist
    }
}

async fn learn(shared: Arc<Shared>, lesson: Lesson) {
    let kept = lesson.read(&shared.recordings).await;
    let said = if kept.is_some() {
        kept
    } else {
        let said = timeout(BUDGET, say(&*shared.dialer, &lesson)).await;
        let said = said.ok().flatten();
        if let Some(said) = &said
            && let Err(error) = lesson.keep(said, &shared.recordings).await
        {
            tracing::warn!(%error, "phrase.not_kept");
        }
        said
    };
    if said.is_some() {
        shared.known.insert(lesson.name, said);
    } else {
        metrics::counter!("frontdesk_phrases_failed_total").increment(1);
        sleep(REST).await;
        shared.known.remove(&lesson.name);
    }
}

/// Lets an agent say the sentence to nobody. None if it says anything else.
async fn say(dialer: &dyn Dialer, lesson: &Lesson) -> Option<Said> {
    let mut leg = dialer.dial(&lesson.speaker, 0).await.ok()?;
    let said = listen(leg.as_mut(), lesson.reply()).await;
    leg.close().await;
    let said = said?;
    let is_right = lesson.is_said_by(&said.words) && !said.sound.is_empty();
    is_right.then_some(said)
}

/// What the agent says, and in which words.
async fn listen(leg: &mut dyn AgentLeg, reply: Reply) -> Option<Said> {
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
                leg.perform(AgentAction::Respond(reply));
            } else if let Event::AgentAudio { frame, .. } = event {
                sound.extend_from_slice(frame.bytes());
            } else if let Event::AgentText { delta, .. } = &event {
                words.push_str(delta.expose());
            } else if let Event::ResponseDone { outcome, .. } = event {
                let sound = sound.into();
                return (outcome == Outcome::Completed).then_some(Said { words, sound });
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
            Some(Said { words, sound }) => (Pii::new(words), sound),
            None => (Pii::new(String::new()), Arc::clone(&NOTES)),
        }
    }

    fn find(&self, phrase: Phrase) -> Option<Said> {
        let known = &self.book.as_ref()?.shared.known;
        known.get(&self.file_name(phrase))?.value().clone()
    }

    /// A name of its own for each voice and each wording.
    fn file_name(&self, phrase: Phrase) -> String {
        let Wording { words, into } = wording(phrase, &self.language);
        let mut hash = Sha256::new();
        hash.update(&self.voice);
        hash.update([0]);
        hash.update(words);
        if let Some(language) = into {
            hash.update([0]);
            hash.update(language);
        }
        let digest = hash.finalize();
        let half = digest.iter().take(16);
        let half = half.fold(0_u128, |half, byte| (half << 8) | u128::from(*byte));
        format!("phrases/{half:032x}.ulaw")
    }
}

/// How a sentence is put.
#[derive(Clone, Copy)]
struct Wording<'a> {
    words: &'static str,
    /// The BCP 47 language that the words are put into by whoever says them; none if
    /// they are in the right one.
    into: Option<&'a str>,
}

fn wording(phrase: Phrase, language: &str) -> Wording<'_> {
    let main = language.split('-').next().unwrap_or_default();
    let known = WORDS
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(main));
    let (_, moment, apology) = known.unwrap_or(&WORDS[0]);
    let words = match phrase {
        Phrase::OneMoment => moment,
        Phrase::Apology => apology,
    };
    let into = known.is_none().then_some(language);
    Wording { words, into }
}

/// The first is put into all other languages.
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

    fn named(voice: &str, language: &str, phrase: Phrase) -> String {
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
            named("marin", "pl", moment),
            named("marin", "sv", moment),
        ];
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name));
        }
        assert_eq!(named("marin", "en-GB", moment), names[0]);
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
        for language in ["en", "pl"] {
            let wording = wording(Phrase::OneMoment, language);
            let speaker = written(&speaker(receptionist.clone(), wording));
            assert!(!speaker.contains("of-the-shop") && !speaker.contains("end_call"));
        }
    }

    #[test]
    fn a_translation_is_taken_on_trust_and_a_speech_is_not() {
        let receptionist = {
            let clock = Clock::system();
            default_receptionist(clock.new_id(), clock.new_id())
        };
        let lesson = |language| {
            let wording = wording(Phrase::OneMoment, language);
            Lesson {
                name: String::new(),
                words: wording.words,
                is_translated: wording.into.is_some(),
                speaker: Arc::new(speaker(receptionist.clone(), wording)),
            }
        };
        assert!(lesson("pl-PL").is_said_by("Chwileczk\u{119}, prosz\u{119}."));
        assert!(!lesson("pl-PL").is_said_by(""));
        let speech = "Of course! Here is the sentence in Polish: Chwileczk\u{119}, prosz\u{119}.";
        assert!(!lesson("pl-PL").is_said_by(speech));
        assert!(!lesson("de").is_said_by("Chwileczk\u{119}, prosz\u{119}."));
        assert!(lesson("pl-PL").speaker.instructions.contains("pl-PL"));
    }

    #[test]
    fn signs_and_capitals_make_no_other_sentence() {
        assert!(letters("One moment, please.").eq(letters("one moment please")));
        assert!(letters("Einen Moment, bitte.").ne(letters("Einen Moment.")));
    }
}
